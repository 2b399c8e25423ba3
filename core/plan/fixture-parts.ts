import type { Session } from '#core/ports.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/** Roles belong to the server: another database's fixture may be making the same one now. */
const makeRole = (role: string): Sql => sql`
  do $do$
  declare
    -- From PostgreSQL 16 on, who created a role is a member that may not become it.
    become text := case when pg_catalog.current_setting('server_version_num')::int >= 160000 then 'set' else 'member' end;
  begin
    begin
      if not exists (select from pg_catalog.pg_roles where rolname = ${sql.literal(role)}) then
        create role ${sql.id(role)} nologin;
      end if;
    exception
      when duplicate_object or unique_violation then null;
    end;
    if not pg_catalog.pg_has_role(current_user, ${sql.literal(role)}, become) then
      execute pg_catalog.format('grant %I to %I', ${sql.literal(role)}, current_user);
    end if;
  exception
    when unique_violation or internal_error then null;
  end
  $do$`

/** In an empty database that the session's role owns: pgvector, and the role of the application, which this one may become. */
export const prepareDatabase = async (session: Session, role: string): Promise<void> => {
  await session.query(sql`create extension if not exists vector with schema public`)
  await session.query(makeRole(role))
}

/** What the sentinels of the plans ask for: the database says whose it is, by its comment. */
export const sayWhose = async (session: Session, plan: string): Promise<void> => {
  const { rows } = await session.query<{ name: string }>(sql`select pg_catalog.current_database() as name`)
  for (const { name } of rows) await session.query(sql`comment on database ${sql.id(name)} is ${sql.literal(plan)}`)
}

export interface VectorBases {
  /** A temporary table of the session. */
  readonly make: Sql
  readonly drop: Sql
  /** Joins that go with a row numbered `i`, counted from 1. */
  readonly joins: Sql
  /** The vector of that row. */
  readonly sum: Sql
}

const TABLE = sql`pg_temp.vector_rollback_bases`

/**
 * Vectors that are sums of ready ones, one of each family: one call in C for each row, where so many numbers, aggregated in SQL, took
 * ten times as long. With `counts` that are primes, the sums differ for as many rows as the product of them.
 */
export const vectorBases = (dimensions: number, counts: readonly number[]): VectorBases => {
  const number = (value: number) => sql.raw(String(Math.trunc(value)))
  const families = counts.map((count, family) => ({
    alias: sql.id(`base_${family}`),
    family: number(family),
    count: number(count),
    turns: number(counts.slice(0, family).reduce((product, one) => product * one, 1)),
  }))
  return {
    make: sql`
      create temporary table vector_rollback_bases as
      select b.family, b.base,
        (select pg_catalog.array_agg((pg_catalog.hashint4(b.family * 1000000 + b.base * 2000 + d) % 1000)::real / 1000 order by d)
          from pg_catalog.generate_series(1, ${number(dimensions)}) as d)::public.vector(${number(dimensions)}) as part
      from (
        ${sql.join(
          families.map(
            ({ family, count }) =>
              sql`select ${family} as family, base from pg_catalog.generate_series(0, ${count} - 1) as base`,
          ),
          ' union all ',
        )}
      ) as b`,
    drop: sql`drop table ${TABLE}`,
    joins: sql.join(
      families.map(
        ({ alias, family, count, turns }) =>
          sql`join ${TABLE} as ${alias} on ${alias}.family = ${family} and ${alias}.base = i / ${turns} % ${count}`,
      ),
      '\n  ',
    ),
    sum: sql.join(
      families.map(({ alias }) => sql`${alias}.part`),
      ' operator(public.+) ',
    ),
  }
}
