import type { AppReply, AppRequest, StandInWorld } from '#core/plan/stand-in.ts'
import type { Row, Session } from '#core/ports.ts'
import { sqlState } from '#core/sql/errors.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

const UNDEFINED_TABLE = '42P01'
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export const rowsOf = async (session: Session, statement: Sql): Promise<Row[]> => (await session.query(statement)).rows

/** `null` where a table is undefined: that is a reason to fall back, and nothing else is. */
export const ifThere = <T>(work: Promise<T>): Promise<T | null> =>
  work.catch((error: unknown) => {
    if (sqlState(error) !== UNDEFINED_TABLE) throw error
    return null
  })

/** One transaction as the role of the application, with what the policies of its tables ask for. */
export const asTenant = <T>(
  world: Pick<StandInWorld, 'asRole'>,
  { role, tenant }: { readonly role: string; readonly tenant: string },
  work: (session: Session) => Promise<T>,
): Promise<T> =>
  world.asRole(role, async (session) => {
    await session.query(sql`select pg_catalog.set_config('app.tenant_id', ${tenant}, true)`)
    return work(session)
  })

/** Answers requests that name a tenant in `x-tenant-id`. */
export const ofTenant =
  (answer: (tenant: string, request: AppRequest) => Promise<AppReply>) =>
  async (request: AppRequest): Promise<AppReply> => {
    const tenant = request.headers['x-tenant-id'] ?? ''
    return UUID.test(tenant) ? answer(tenant, request) : { status: 401, json: { error: 'x-tenant-id names no tenant' } }
  }

/** Whether a flag is on for anybody at all, read anew: a ramp may have reached some and not others. */
export const isOn = async ({ flags }: Pick<StandInWorld, 'flags'>, name: string): Promise<boolean> => {
  await flags[name]?.isEnabled('everybody')
  return (flags[name]?.seen()?.buckets ?? 0) > 0
}

/** What a consumer of a flag says in its echo: the value that it acts on, and of which version of the parameter. */
export const echoOf = async (world: Pick<StandInWorld, 'flags'>, name: string, consumer: string) => {
  await isOn(world, name)
  const flag = world.flags[name]?.seen()?.flag
  return { consumer, value: flag?.value ?? 'false', version: flag?.version ?? null }
}
