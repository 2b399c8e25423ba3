import './report-peak.ts'
import { s3Objects } from '#aws/objects.ts'
import { postgres } from '#aws/postgres.ts'
import type { Session } from '#core/ports.ts'
import { loadPart } from '#core/restore/load-part.ts'
import { snapshotPart } from '#core/snapshot/snapshot-part.ts'
import type { PartWork } from './part-workers.ts'

// A function that moves parts, in a process of its own as in Lambda: one connection per part.
const database = postgres({ url: process.env.DATABASE_URL ?? '' })

const move = (session: Session, work: PartWork): Promise<unknown> => {
  const objects = s3Objects(work.bucket)
  return work.kind === 'snapshot' ? snapshotPart(session, objects, work.item) : loadPart(session, objects, work.item)
}

process.on('message', async ({ id, work }: { id: number; work: PartWork }) => {
  const options = { applicationName: 'vector-rollback:bench', statementTimeout: 0 }
  const error = await database
    .session(options, (session) => move(session, work))
    .then(
      () => null,
      (reason: unknown) => String(reason instanceof Error ? reason.stack : reason),
    )
  process.send?.({ id, error })
})
// Not left to the end of the loop: what the SDK keeps open would be waited for.
process.once('disconnect', () => process.exit())
process.send?.('ready')
