import type { PlanName } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { terminateBackends } from '#core/sql/advisory-lock.ts'
import { sqlState } from '#core/sql/errors.ts'
import { sql } from '#core/sql/tag.ts'

const INSUFFICIENT_PRIVILEGE = '42501'

const epochs = (prefix: string) => sql`
  select distinct split_part(application_name, ':', 3) as epoch from pg_catalog.pg_stat_activity
   where pg_catalog.starts_with(application_name, ${prefix}) and datname = pg_catalog.current_database()
     and pid <> pg_catalog.pg_backend_pid()`

/**
 * Ends what earlier holders of the plan's lease left running: sessions named `vector-rollback:<plan>:<epoch>:…` of a lower
 * epoch, index builds that outlived their function included. Sessions of this epoch are this run's own. Epoch 0 is no
 * holder's but a live snapshot's, which would keep tables from being locked; where it is another role's, and may not be
 * ended, it is left to give way by itself. Resolves to the names of the sessions that were ended.
 */
export const endEarlierHolders = async (session: Session, plan: PlanName, epoch: number): Promise<string[]> => {
  const ended: string[] = []
  const prefix = `vector-rollback:${plan}:`
  const { rows } = await session.query<{ epoch: string }>(epochs(prefix))
  for (const earlier of rows.map((row) => Number(row.epoch)))
    if (Number.isInteger(earlier) && earlier < epoch)
      await terminateBackends(session, `${prefix}${earlier}:`).then(
        (backends) => ended.push(...backends.map(({ application }) => application)),
        (error: unknown) => {
          if (earlier > 0 || sqlState(error) !== INSUFFICIENT_PRIVILEGE) throw error
        },
      )
  return ended
}
