import { quoteIdentifier } from '#core/sql/tag.ts'
import { condition } from '../conditions.ts'
import type { Trait } from '../traits.ts'

const STATES = ['', 'disable', 'enable replica', 'enable always'] as const

/** What happens when somebody reads or writes. */
export const behaviour: readonly Trait[] = [
  {
    name: 'triggers',
    of: (t) => {
      const r = t.random('triggers')
      const [column] = t.columns
      const kinds = [
        `before insert or update${column ? ` of ${column.id}` : ''} on ${t.id} for each row`,
        `after delete or truncate on ${t.id} for each statement`,
        `after update on ${t.id} for each row when (old.* is distinct from new.*)`,
        `after insert on ${t.id} for each row when (${condition(t, r, 'new.')})`,
        `after update on ${t.id} referencing old table as ${t.name('before')} new table as ${t.name('after')} for each statement`,
      ]
      const ordinary = r
        .shuffled(kinds)
        .slice(0, 1 + r.below(3))
        .map((kind) => ({ kind: 'trigger', rest: kind }))
      const constraint = {
        kind: 'constraint trigger',
        rest: `after insert on ${t.id} ${r.pick(['deferrable initially deferred', 'not deferrable'])} for each row`,
      }
      return [...ordinary, ...(r.chance(0.4) ? [constraint] : [])].flatMap(({ kind, rest }) => {
        const name = t.name('trigger')
        const state = r.pick(STATES)
        const values = r.pick(['', `'arg''1', 'é \\ "x"', '', E'\\n'`])
        return [
          `create ${kind} ${name} ${rest} execute function ${t.world.trigger}(${values})`,
          ...(state ? [`alter table ${t.id} ${state} trigger ${name}`] : []),
        ]
      })
    },
  },
  {
    name: 'rules',
    of: (t) => {
      const r = t.random('rules')
      const [column] = t.columns
      const kinds = [
        `as on delete to ${t.id} do also insert into ${t.world.outside.log} (what) values ('deleted; it''s')`,
        ...(column ? [`as on update to ${t.id} where old.${column.id} is null do instead nothing`] : []),
        `as on update to ${t.id} where ${condition(t, r, 'old.')} do also nothing`,
        `as on insert to ${t.id} do also notify ${t.name('channel')}`,
      ]
      return r
        .shuffled(kinds)
        .slice(0, 1 + r.below(2))
        .flatMap((kind) => {
          const name = t.name('rule')
          const state = r.pick(STATES)
          return [`create rule ${name} ${kind}`, ...(state ? [`alter table ${t.id} ${state} rule ${name}`] : [])]
        })
    },
  },
  {
    name: 'row security',
    of: (t) => {
      const r = t.random('row security')
      const { reader, writer } = t.world.roles
      const to = () =>
        r.pick([
          quoteIdentifier(reader),
          `${quoteIdentifier(reader)}, ${quoteIdentifier(writer)}`,
          'public',
          'current_user',
        ])
      const text = t.columns.find(({ type }) => type.can.includes('text'))
      const own = text
        ? `${text.id} = current_setting('app; "x"', true) or ${text.id} like '%é\\'`
        : 'current_user <> session_user'
      const policies = [
        `for select to ${to()} using (${own})`,
        `as restrictive for insert to ${to()} with check (${own})`,
        `for update to ${to()} using (true) with check (${own})`,
        `as restrictive to ${to()} using (exists (select from ${t.world.outside.parent} p where p.note is not null))`,
        `for delete to ${to()} using (false)`,
        `for update to ${to()} using (${condition(t, r)}) with check (${condition(t, r)})`,
      ]
      return [
        ...r
          .shuffled(policies)
          .slice(0, r.below(4))
          .map((policy) => `create policy ${t.name('policy')} on ${t.id} ${policy}`),
        ...(r.chance(0.85) ? [`alter table ${t.id} enable row level security`] : []),
        ...(r.chance(0.5) ? [`alter table ${t.id} force row level security`] : []),
      ]
    },
  },
  {
    name: 'a check that no row passes',
    of: (t) => [`alter table ${t.id} add constraint ${t.name('never')} check (false) not valid`],
  },
]
