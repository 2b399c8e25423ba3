import { z } from 'zod'
import type { IncidentId } from '#core/names.ts'

/** As it comes from outside: it becomes part of a key of the bucket. */
export const Incident = z
  .string()
  .regex(/^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,79}$/, 'is not the name of an incident')
  .transform((id) => id as IncidentId)
