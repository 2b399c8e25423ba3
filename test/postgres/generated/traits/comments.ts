import { quoteLiteral } from '#core/sql/tag.ts'
import { remark } from '../table.ts'
import type { Trait } from '../traits.ts'

/** The catalogue says what there is to comment on. */
const everything = (table: string, text: string) => `do $comments$
declare
  of constant regclass := ${quoteLiteral(table)};
  text constant text := ${text};
  each record;
begin
  execute format('comment on table %s is %L', of, text);
  for each in select attname from pg_attribute where attrelid = of and attnum > 0 and not attisdropped loop
    execute format('comment on column %s.%I is %L', of, each.attname, text);
  end loop;
  for each in select conname from pg_constraint where conrelid = of loop
    execute format('comment on constraint %I on %s is %L', each.conname, of, text);
  end loop;
  for each in select indexrelid::regclass as name from pg_index where indrelid = of loop
    execute format('comment on index %s is %L', each.name, text);
  end loop;
  for each in select tgname from pg_trigger where tgrelid = of and not tgisinternal loop
    execute format('comment on trigger %I on %s is %L', each.tgname, of, text);
  end loop;
  for each in select rulename from pg_rewrite where ev_class = of loop
    execute format('comment on rule %I on %s is %L', each.rulename, of, text);
  end loop;
  for each in select polname from pg_policy where polrelid = of loop
    execute format('comment on policy %I on %s is %L', each.polname, of, text);
  end loop;
  for each in select objid::regclass as name from pg_depend join pg_class c on c.oid = objid
    where refobjid = of and refclassid = 'pg_class'::regclass and classid = 'pg_class'::regclass and c.relkind = 'S' loop
    execute format('comment on sequence %s is %L', each.name, text);
  end loop;
end $comments$`

export const comments: readonly Trait[] = [
  { name: 'comments', of: (t) => [everything(t.id, remark(t.random('comments')))] },
  { name: 'a comment', of: (t) => [`comment on table ${t.id} is ${remark(t.random('comment'))}`] },
]
