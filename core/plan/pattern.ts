import { z } from 'zod'

/**
 * A string of one form. Its problem quotes the value and carries the fix; the JSON Schema carries the pattern.
 * `what` continues the sentence `"x" is not …`.
 */
export const pattern = (form: RegExp, what: string, fix: string) =>
  z
    .string()
    .superRefine((value, context) => {
      if (!form.test(value)) {
        context.addIssue({ code: 'custom', message: `"${value}" is not ${what}.`, params: { fix }, continue: false })
      }
    })
    .meta({ pattern: form.source })

/** Requires exactly one of the keys of an object of optional ones; `what` names the object in the message. */
export const exactlyOne =
  (what: string, keys: readonly string[]) =>
  (value: object, context: z.core.$RefinementCtx<object>): void => {
    const given = keys.filter((key) => Object.hasOwn(value, key))
    if (given.length === 1) return
    context.addIssue({
      code: 'custom',
      message:
        given.length === 0 ? `${what} says nothing.` : `${what} has ${given.map((key) => `"${key}"`).join(' and ')}.`,
      params: { fix: `Give exactly one of ${keys.join(', ')}.` },
      continue: false,
    })
  }
