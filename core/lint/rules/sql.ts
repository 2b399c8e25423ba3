import type { Block, Document, Line } from '../document.ts'
import { linesOf, matching, type Rule, SQL, textOf } from '../rule.ts'

const DROP_INDEX = /\bdrop\s+index\b/i
const CONCURRENTLY = /\bdrop\s+index\s+concurrently\b/i

/** Of names of objects: an underscore in a LIKE pattern that no backslash precedes stands for any character. */
const BARE_UNDERSCORE = /\w*name\s+(?:not\s+)?i?like\s+'(?:[^'\\]|\\.)*?(?<!\\)_[^']*'/i

const plainDrops = (document: Document): Line[] =>
  document.blocks.flatMap((block) =>
    block.language === 'other' || /\block_timeout\b/i.test(textOf(block))
      ? []
      : block.lines.filter(({ text }) => DROP_INDEX.test(text) && !CONCURRENTLY.test(text)),
  )

/** Between begin and commit, or in what a tool puts into one transaction. */
const inTransaction = ({ lines }: Block): Line[] => {
  const found: Line[] = []
  let open = false
  for (const line of lines) {
    if (/^\s*(begin|start\s+transaction)\b\s*;?/i.test(line.text)) open = true
    if (open && /\bconcurrently\b/i.test(line.text)) found.push(line)
    if (/\b(commit|rollback|end)\s*;/i.test(line.text)) open = false
    if (/\bpsql\b.*(\s-1\b|--single-transaction)/.test(line.text) && /\bconcurrently\b/i.test(line.text))
      found.push(line)
    if (/\bpsql\b.*\s-c\b/.test(line.text) && /\bconcurrently\b.*;\s*\S+.*\bconcurrently\b/is.test(line.text))
      found.push(line)
  }
  return found
}

/** Rows that a filter no longer finds, since an update before it has changed what it filters by. */
const afterTheirChange = (document: Document): Line[] => {
  const changed: { value: string; number: number }[] = []
  const statements: { text: string; number: number }[] = []
  for (const { text, number } of linesOf(document, SQL)) {
    const last = statements.at(-1)
    const begins = /^\s*(select|update|delete|insert)\b/i.test(text)
    if (last && !begins && !last.text.trimEnd().endsWith(';')) last.text += ` ${text}`
    else statements.push({ text, number })
  }
  const found: Line[] = []
  for (const { text, number } of statements) {
    const [, filter] = /\bwhere\b.*?\bstatus\s*=\s*'(\w+)'/is.exec(text) ?? []
    const [, set] = /\bset\s+status\s*=\s*'(\w+)'/is.exec(text) ?? []
    if (
      filter !== undefined &&
      set === undefined &&
      changed.some(({ value }) => value === filter) &&
      !/count\s*\(/i.test(text)
    )
      found.push({ number, text })
    if (set !== undefined && filter !== undefined && set !== filter) changed.push({ value: filter, number })
  }
  return found
}

/** Sent together they are one transaction: in a migration, or as one string. */
const severalConcurrently = (document: Document): Line[] =>
  document.blocks.some((block) => /\balembic\b|\bflyway\b|\bmigrate\b/i.test(textOf(block)))
    ? document.blocks.flatMap((block) => {
        const drops = block.language === 'other' ? [] : block.lines.filter(({ text }) => CONCURRENTLY.test(text))
        return drops.slice(1, 2)
      })
    : []

const DROPS = /^\s*drop\s+(table|index)\b/i
/** Objects of a migration are dropped by hand, and its ledger goes on saying that they are there. */
const ledgerLeft = (document: Document): Line[] => {
  const all = document.blocks.map(textOf).join('\n')
  if (!/\balembic\s+downgrade\b/.test(all) || /\balembic\s+stamp\b|\bupdate\s+(\w+\.)?alembic_version\b/i.test(all))
    return []
  return document.blocks.flatMap(({ language, lines }) =>
    language === 'other' ? [] : lines.filter(({ text }) => DROPS.test(text)).slice(0, 1),
  )
}

const withoutInvalid = (document: Document): Line[] => {
  const all = document.blocks.map(textOf).join('\n')
  return /\bindisvalid\b/i.test(all) ? [] : matching(SQL, CONCURRENTLY)(document).slice(0, 1)
}

/** Security goes first, and then, in statements of their own, the table that it secured. */
const insecureFirst = (document: Document): Line[] =>
  document.blocks.flatMap((block) => {
    const text = textOf(block)
    if (/^\s*begin\b/im.test(text) || !/\bdrop\s+table\b/i.test(text)) return []
    return block.lines.filter((line) => /\bdisable\s+row\s+level\s+security\b/i.test(line.text))
  })

export const SQL_RULES: readonly Rule[] = [
  {
    name: 'like-underscore',
    corrections: ['DEF-07'],
    why: 'In LIKE an underscore stands for any character: names that were not meant match, too.',
    instead: `checks: { tables-gone: { sql: sql/tables-gone.sql, expect: { no-rows: true } } }  # compare with a list of names, or write \\_`,
    find: matching(SQL, BARE_UNDERSCORE, /\bescape\b/i),
  },
  {
    name: 'server-side-copy',
    corrections: ['DEF-08'],
    why: 'The file lies on the server, which RDS does not let you reach, and is refused without superuser.',
    instead:
      'vector-rollback snapshots take <plan> --database-url …  # COPY TO STDOUT through the client into S3, with count and digest',
    find: matching(SQL, /(?<!\\)\bcopy\b[^;]*\b(to|from)\s+(program\b|'[^']*')/i, /\\copy\b|\bstd(in|out)\b/i),
  },
  {
    name: 'plain-drop-index',
    corrections: ['DEF-11'],
    why: 'Waits for ACCESS EXCLUSIVE behind the oldest reader, and every later reader waits behind it.',
    instead: 'steps: [{ drop-indexes: { indexes: [public.embeddings_embedding_idx] } }]',
    find: plainDrops,
  },
  {
    name: 'concurrently-in-transaction',
    corrections: ['DEF-10'],
    why: 'CONCURRENTLY cannot run in a transaction, nor in a string of several statements.',
    instead: 'steps: [{ drop-indexes: { indexes: [public.a_idx, public.b_idx] } }]  # each a statement of its own',
    find: (document) => [...document.blocks.flatMap(inTransaction), ...severalConcurrently(document)],
  },
  {
    name: 'invalid-index-overlooked',
    corrections: ['DEF-12'],
    why: 'A DROP or CREATE INDEX CONCURRENTLY that was interrupted leaves an invalid index, which is written to and never used.',
    instead:
      'checks: { no-invalid-index: { sql: sql/invalid-indexes.sql, expect: { no-rows: true } } }  # pg_index where not indisvalid',
    find: withoutInvalid,
  },
  {
    name: 'policy-columns',
    corrections: ['DEF-02'],
    why: 'pg_policies has policyname and cmd; polname and poltype are not among its columns, and the statement fails.',
    instead: "select policyname, cmd from pg_policies where schemaname = 'public' and tablename = 'articles'",
    find: ({ blocks, name }) =>
      matching(SQL, /\bpg_policies\b/i)({ blocks, name }).filter(({ text }) => /\bpol(name|type)\b/i.test(text)),
  },
  {
    name: 'ledger-column',
    corrections: ['DEF-01'],
    why: 'The column of alembic_version is version_num; version does not exist.',
    instead:
      'steps: [{ migrate: { ledger: public.alembic_version, from: [a3f1c9d20b47], to: 9c1e55d0e8aa, file: sql/back.sql } }]',
    find: matching(SQL, /\bselect\s+version\s+from\s+alembic_version\b/i),
  },
  {
    name: 'table-by-name-only',
    corrections: ['DEF-63'],
    why: 'A table of the same name in another schema answers, and tables that the role may not see do not.',
    instead:
      "checks: { gone: { sql: sql/gone.sql, expect: { value: true } } }  # select to_regclass('public.memory_chunks') is null",
    find: ({ blocks }) =>
      blocks.flatMap((block) => {
        const lines = block.language === 'other' ? [] : block.lines
        return lines.filter(({ text }, index) => {
          const statement =
            lines
              .slice(index, index + 3)
              .map((line) => line.text)
              .join(' ')
              .split(';')[0] ?? ''
          return (
            /\binformation_schema\.tables\b/i.test(text) &&
            /\btable_name\b/i.test(statement) &&
            !/\btable_schema\b/i.test(statement)
          )
        })
      }),
  },
  {
    name: 'alter-system',
    corrections: ['DEF-09'],
    why: 'RDS refuses ALTER SYSTEM, and RESET goes to the default of the engine, not to what was set before.',
    instead: 'steps: [{ parameter-group: { group: "search-{env}", parameters: [work_mem], reboot: ask } }]',
    find: matching(SQL, /\balter\s+system\b/i),
  },
  {
    name: 'drop-cascade',
    corrections: ['DEF-58', 'DEF-13'],
    why: 'CASCADE drops whatever depends on it, by names that stand nowhere; of an extension the columns of every table.',
    instead:
      'paths: { full: { retire: [public.query_performance_log], purge: { after: 7d, approve: [dba] } } }  # dependents are named first',
    find: matching(SQL, /\bdrop\s+(table|view|materialized\s+view|schema|extension|type|function)\b[^;]*\bcascade\b/i),
  },
  {
    name: 'ledger-left-behind',
    corrections: ['DEF-55', 'DEF-65'],
    why: 'The ledger of the migrations goes on saying that they are there: the next upgrade passes them over.',
    instead:
      'steps: [{ migrate: { ledger: public.alembic_version, from: [a3f1c9d20b47], to: 9c1e55d0e8aa, file: sql/back.sql } }]  # one transaction',
    find: ledgerLeft,
  },
  {
    name: 'filter-after-change',
    corrections: ['DEF-06'],
    why: 'An update before it has changed what it filters by: no row is found any more.',
    instead:
      'steps: [{ run-sql: { file: sql/mark.sql, capture: sql/affected.sql } }]  # the rows are in the evidence before they change',
    find: afterTheirChange,
  },
  {
    name: 'security-off-first',
    corrections: ['DEF-64'],
    why: 'Between the statements everybody sees every row.',
    instead: 'paths: { full: { retire: [public.memory_chunks] } }  # one transaction; row-level security stays on',
    find: insecureFirst,
  },
]
