import { postgres } from '#aws/postgres.ts'
import { expandTrees } from '#core/ddl/trees.ts'
import { RollbackError } from '#core/errors.ts'
import { checkDatabase } from '#core/incident/right-database.ts'
import { printTable } from '#core/names.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import type { Session } from '#core/ports.ts'
import { missingForRestore } from '#core/restore/bootstrap.ts'
import { existing } from '#core/restore/drift.ts'
import { bootstrapStatements, missingBootstrap } from '#core/retire/bootstrap.ts'
import { readDependentRoles } from '#core/retire/dependents.ts'
import { requireGrantable } from '#core/retire/grantable.ts'
import { GRANTED_FOR, type GrantedFor } from '#core/retire/granted-for.ts'
import { type GrantGroup, grantGroups, monitoring } from '#core/retire/grants-by-path.ts'
import { mergeRoles, readRoles } from '#core/retire/roles.ts'
import { readStanding } from '#core/retire/standing.ts'
import { type Sql, sql } from '#core/sql/tag.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { findPlan } from './plans.ts'

export interface BootstrapOptions {
  readonly databaseUrl: string
  /** The product's role; that of the URL when it is not given. */
  readonly role?: string
  readonly apply?: boolean
  /** The largest of what is wanted, and all that is smaller; everything when it is not given. */
  readonly for?: GrantedFor
  readonly plans?: string
}

const refused = (name: `Bootstrap.${string}`, message: string, fix: string) =>
  new RollbackError(name, message, { fix, category: 'refused' })

const requireRole = async (session: Session, role: string): Promise<void> => {
  const { rowCount } = await session.query(sql`select from pg_catalog.pg_roles where rolname = ${role}`)
  if (rowCount > 0) return
  throw refused(
    'Bootstrap.NoSuchRole',
    `There is no role "${role}".`,
    `Run: ${sql`create role ${sql.id(role)} login`.text};`,
  )
}

/** Whose tables they are, retired ones do not tell. */
const tablesOf = async (session: Session, plan: Plan) => {
  const tables = plan.paths.full?.retire ?? plan.protects.tables
  const there = new Set((await existing(session, tables)).map(printTable))
  const gone = tables.find((table) => !there.has(printTable(table)))
  if (gone === undefined) return expandTrees(session, tables)
  throw refused(
    'Bootstrap.NoSuchTable',
    `There is no table "${printTable(gone)}", so that nobody knows its owner.`,
    'Correct its name in the plan, or restore it first; then run this again.',
  )
}

const notMember = (role: string, wanted: readonly string[]) => sql`
  select rolname as name from pg_catalog.pg_roles where rolname = any(${wanted}::text[]) and not pg_catalog.pg_has_role(${role}, oid,
    case when pg_catalog.current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end)
  order by 1`

/** Checks, probes and echoes run as the application's roles. */
const checkRoles = async (session: Session, plan: Plan, role: string, set: boolean): Promise<Sql[]> => {
  const wanted = [
    ...Object.values(plan.checks).map((check) => (check.kind === 'sql' ? check.as : null)),
    ...Object.values(plan.signals).map(({ source }) => (source.kind === 'probe' ? source.as : null)),
    ...Object.values(plan.flags).map(({ echo }) => (echo?.kind === 'sql' ? echo.as : null)),
  ].filter((name) => name !== null)
  const { rows } = await session.query<{ name: string }>(notMember(role, wanted))
  return rows.map(({ name }) => sql`grant ${sql.id(name)} to ${sql.id(role)}${sql.raw(set ? ' with set true' : '')}`)
}

const statementsFor = async (session: Session, plan: Plan, wanted: string | undefined): Promise<GrantGroup[]> => {
  const tables = await tablesOf(session, plan)
  const allow = plan.paths.full?.allow ?? []
  const roles = mergeRoles(await readRoles(session, tables), await readDependentRoles(session, tables, allow))
  const { role: own, serverVersion } = await readStanding(session)
  const role = wanted ?? own
  await requireRole(session, role)
  if (role !== own) await requireGrantable(session, role, roles)
  const statements =
    role === own
      ? await missingBootstrap(session, roles)
      : bootstrapStatements(role, { roles, serverVersion, runBy: own })
  return grantGroups(
    role,
    { roles, serverVersion },
    {
      looking: [
        ...(await monitoring(session, role)),
        ...(await checkRoles(session, plan, role, serverVersion >= 160_000)),
      ],
      retiring: statements,
      restoring: await missingForRestore(session, role),
    },
  )
}

/** Smallest first, with what each is for: whoever wants less runs the beginning of it. */
const scriptOf = (groups: readonly GrantGroup[]): string => {
  const asking = groups.filter(({ statements }) => statements.length > 0)
  if (asking.length === 0) return ''
  const text = ({ why, statements }: GrantGroup) =>
    `-- For ${why}.\n${statements.map((one) => `${one.text};\n`).join('')}`
  return `-- For containment: nothing. It changes parameters, and no database.\n${asking.map(text).join('')}`
}

/**
 * `vector-rollback bootstrap`: what a role has to be granted once, so that it may retire the plan's tables, bring them
 * back, and restore what it purged. Prints the statements, to be read and run by a master user; runs them only when asked to, in one transaction.
 */
export const bootstrap = async (name: string, options: BootstrapOptions): Promise<ExitCode> => {
  const plan = await loadPlan(await findPlan(name, options.plans))
  const database = postgres({ url: options.databaseUrl })
  await database.session({ applicationName: 'vector-rollback:bootstrap' }, async (session) => {
    await checkDatabase(session, plan, database.label)
    const most = GRANTED_FOR.indexOf(options.for ?? 'restore')
    const groups = (await statementsFor(session, plan, options.role)).slice(0, most + 1)
    const statements = groups.flatMap((group) => group.statements)
    process.stdout.write(scriptOf(groups))
    if (statements.length === 0) process.stderr.write('Nothing is missing.\n')
    if (!options.apply) return
    await session.transaction(async () => {
      for (const statement of statements) await session.query(statement)
    })
    process.stderr.write(`Applied to ${database.label}.\n`)
  })
  return EXIT.ok
}
