import { quoteIdentifier as id, quoteLiteral as literal } from '#core/sql/tag.ts'
import type { Trait } from '../traits.ts'
import { as } from './as.ts'

/** Who may do what, and who said so. */
export const privileges: readonly Trait[] = [
  {
    name: 'grants',
    of: (t) => {
      const r = t.random('grants')
      const { reader, writer, analyst } = t.world.roles
      return r
        .shuffled([
          `grant select, insert on ${t.id} to ${id(reader)}`,
          `grant all on ${t.id} to ${id(analyst)}`,
          `grant select on ${t.id} to public`,
          `grant update, trigger on ${t.id} to ${id(writer)} with grant option`,
        ])
        .slice(0, 1 + r.below(4))
    },
  },
  {
    name: 'grants by others',
    of: (t) => {
      const { reader, writer, analyst } = t.world.roles
      return [
        `grant select, update, delete on ${t.id} to ${id(writer)} with grant option`,
        as(writer, `grant select, delete on ${t.id} to ${id(analyst)} with grant option`),
        as(analyst, `grant select on ${t.id} to ${id(reader)}`),
        as(writer, `grant update on ${t.id} to public`),
        `grant select on ${t.id} to ${id(reader)}`,
        ...(t.random('others').chance(0.3) ? [`revoke update on ${t.id} from ${id(writer)} cascade`] : []),
      ]
    },
  },
  {
    name: 'grants on columns',
    of: (t) => {
      const r = t.random('columns')
      const { reader, writer, analyst } = t.world.roles
      const [one, two] = r.shuffled(t.columns)
      if (!one) return []
      return [
        `grant select (${one.id}), update (${one.id}) on ${t.id} to ${id(reader)}`,
        `grant insert (${one.id}), references (${one.id}) on ${t.id} to ${id(writer)} with grant option`,
        as(writer, `grant insert (${one.id}) on ${t.id} to ${id(analyst)}`),
        ...(two ? [`grant select (${two.id}) on ${t.id} to public`] : []),
      ]
    },
  },
  {
    name: 'grants on sequences',
    of: (t) => {
      if (!t.hasSequence) return []
      const { reader, writer } = t.world.roles
      const grant = (to: string) =>
        `do $g$ begin execute format('grant usage on sequence %s to %s', ${t.sequence}::regclass, ${literal(to)}); end $g$`
      return [grant(`${id(writer)} with grant option`), as(writer, grant(id(reader)))]
    },
  },
  {
    name: 'owner gives up rights',
    of: (t) => [
      `revoke ${t.random('give up').pick(['insert', 'insert, select', 'trigger, references'])} on ${t.id} from current_user`,
    ],
  },
]
