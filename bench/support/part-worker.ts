import { readFileSync } from 'node:fs'
import { collectLate } from '#aws/heap.ts'
import { s3Objects } from '#aws/objects.ts'
import { postgres } from '#aws/postgres.ts'
import type { Session } from '#core/ports.ts'
import { loadPart } from '#core/restore/load-part.ts'
import { snapshotPart } from '#core/snapshot/snapshot-part.ts'
import type { PartWork } from './part-workers.ts'

collectLate()

// A function that moves parts, in a process of its own as in Lambda: one connection per part.
const move = (session: Session, work: PartWork): Promise<unknown> => {
  const objects = s3Objects(work.bucket)
  return work.kind === 'snapshot' ? snapshotPart(session, objects, work.item) : loadPart(session, objects, work.item)
}

/** The kernel's own high-water mark of the resident set, so nothing between two looks is missed. */
const peakBytes = (): number => {
  const [, kibibytes] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return Number(kibibytes) * 1024
}

process.on('message', async ({ id, work }: { id: number; work: PartWork }) => {
  const options = { applicationName: 'vector-rollback:bench', statementTimeout: 0 }
  const error = await postgres({ url: work.url })
    .session(options, (session) => move(session, work))
    .then(
      () => null,
      (reason: unknown) => String(reason instanceof Error ? reason.stack : reason),
    )
  process.send?.({ id, error, peakBytes: peakBytes() })
})
// Not left to the end of the loop: what the SDK keeps open would be waited for.
process.once('disconnect', () => process.exit())
process.send?.('ready')
