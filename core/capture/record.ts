import { z } from 'zod'
import { keys } from '#core/incident/keys.ts'
import { readAllJson } from '#core/json.ts'
import type { IncidentId } from '#core/names.ts'
import type { Objects } from '#core/ports.ts'

const Sha = z.string().regex(/^[0-9a-f]{64}$/)

/**
 * `evidence/<id>/captured/<file>/<digest>-<rows>/capture.json`: rows as they were before a step changed them. Written once,
 * after its parts: a capture without it is not whole.
 */
export const Capture = z.strictObject({
  version: z.literal(1),
  incident: z.string(),
  /** The plan's SELECT that found the rows. */
  file: z.string(),
  at: z.string(),
  rows: z.int().min(0),
  /** Of the rows as JSON text, whatever their order: see `digestOfCaptured`. */
  digest: z.string().regex(/^[0-9a-f]{32}$/),
  /** Lines of JSON, a row each. `sha256` is of the part's bytes. */
  parts: z.array(z.strictObject({ key: z.string(), rows: z.int().min(1), bytes: z.int(), sha256: Sha })),
})
export type Capture = z.infer<typeof Capture>

/** All captures of one SELECT. An attempt that was rolled back leaves one, too: of rows that were not changed by it. */
export const folderOf = (incident: IncidentId, file: string): string => `${keys.captured(incident)}${file}/`

export const captureKey = (folder: string): string => `${folder}capture.json`

/** For people: `12 rows, digest 0123abcd…`, and where they are. */
export const printCapture = ({ rows, digest, incident, file }: Capture): string =>
  `${rows} rows captured as ${folderOf(incident as IncidentId, file)}${digest}-${rows}/, digest ${digest}`

/** The whole captures of a run by one SELECT of its plan. */
export const readCaptures = async (objects: Objects, incident: IncidentId, file: string): Promise<Capture[]> =>
  (await readAllJson(objects, folderOf(incident, file)))
    .filter(({ key }) => key.endsWith('/capture.json'))
    .map(({ value }) => Capture.parse(value))
