import type { Flag } from './schema.ts'

/** The flags that containment sets, by name; the others wait for a step of a path. */
export const containingFlags = (plan: { readonly flags: Readonly<Record<string, Flag>> }): [string, Flag][] =>
  Object.entries(plan.flags).filter(([, { contain }]) => contain === 'always')
