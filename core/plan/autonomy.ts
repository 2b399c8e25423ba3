import { z } from 'zod'

/** How far an alarm may go before a person is asked, one rung above the other. */
export const AUTONOMIES = ['observe', 'propose', 'contain', 'act'] as const
export type Autonomy = (typeof AUTONOMIES)[number]
export const AutonomyName = z.enum(AUTONOMIES)

/** What each rung lets an alarm do. A run that a person starts is not limited: the person decided. */
export const RUNGS: Readonly<Record<Autonomy, string>> = {
  observe: 'Nothing is changed; people are told what would be done.',
  propose: 'Nothing is changed, containment included, until people say yes.',
  contain: 'Contains by itself; whatever comes after it asks first.',
  act: 'Contains and takes the path by itself, where the row asks nobody. Destruction is always asked about.',
}

/** The lowest of several rungs. */
export const lowest = (first: Autonomy, ...others: readonly Autonomy[]): Autonomy =>
  others.reduce((low, other) => (AUTONOMIES.indexOf(other) < AUTONOMIES.indexOf(low) ? other : low), first)

/** Whether containment may run before anybody is asked. */
export const containsByItself = (autonomy: Autonomy): boolean => autonomy === 'contain' || autonomy === 'act'
