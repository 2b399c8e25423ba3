import type { Document, Line } from '../document.ts'
import { linesOf, matching, type Rule, SHELL, textOf } from '../rule.ts'

const FROM_FILE = /\bpsql\b[^|]*(\s-f\b|\s--file\b|(?<!<)<\s*\S|<<)/
const STOPS = /ON_ERROR_STOP/

/** The same file is dumped as text and given to the tool that reads archives only. */
const textToArchive = (document: Document): Line[] =>
  linesOf(document, SHELL).filter(({ text }) => /\bpg_restore\b/.test(text) && /\S+\.sql\b/.test(text))

const severalInOne = ({ text }: Line): boolean => {
  const [, quoted = ''] = /\bpsql\b.*?\s-c\s+"((?:[^"\\]|\\.)*)"/s.exec(text) ?? []
  return /;\s*\S/.test(quoted)
}

/** A quoted command may go over several lines. */
const joined = (document: Document): Line[] => {
  const found: Line[] = []
  for (const { lines, language } of document.blocks) {
    if (language !== 'shell') continue
    let open: { number: number; text: string } | null = null
    for (const { number, text } of lines) {
      const whole: string = open ? `${open.text}\n${text}` : text
      const begin: number = open ? open.number : number
      if ((whole.match(/(?<!\\)"/g) ?? []).length % 2 === 1) open = { number: begin, text: whole }
      else {
        found.push({ number: begin, text: whole })
        open = null
      }
    }
    if (open) found.push(open)
  }
  return found
}

const BEGINS_SQL =
  /^\s*(select\s+[\w*(.]|update\s+\w+|delete\s+from|insert\s+into|alter\s+(table|system)|drop\s+(table|index))/i

/** The first lines of SQL that stands on its own: in no string, and in no here-document. */
const bareSql = ({ blocks }: Document): Line[] =>
  blocks.flatMap(({ language, lines }) => {
    if (language !== 'shell') return []
    let quoted = false
    let heredoc: string | null = null
    let statement = false
    return lines.filter(({ text }) => {
      const inside = quoted || heredoc !== null
      if (heredoc !== null && text.trim() === heredoc) heredoc = null
      else heredoc = /<<-?\s*['"]?(\w+)['"]?/.exec(text)?.[1] ?? heredoc
      if ((text.match(/(?<!\\)"/g) ?? []).length % 2 === 1) quoted = !quoted
      const begins = !inside && !statement && BEGINS_SQL.test(text)
      if (begins || statement) statement = !/;\s*$/.test(text)
      return begins
    })
  })

const RESTARTS = /\b(docker-compose|docker compose)\s+restart\b/
/** Something that a process reads at its start only was changed just before. */
const restartAfterChange = ({ blocks }: Document): Line[] =>
  blocks.flatMap(({ language, lines }) =>
    language === 'shell' && lines.some(({ text }) => /^\s*export\s|\.env\b/.test(text))
      ? lines.filter(({ text }) => RESTARTS.test(text))
      : [],
  )

const exportsForOthers = ({ blocks }: Document): Line[] =>
  blocks.flatMap((block) =>
    block.language === 'shell' && /\b(restart|up -d|rollout|reload)\b/.test(textOf(block))
      ? block.lines.filter(({ text }) => /^\s*(\$ )?(export|unset)\s+[A-Z]/.test(text))
      : [],
  )

const CURL = /\bcurl\b/
const FAILS = /\bcurl\b[^|;&]*(\s-\w*f\w*\b|--fail)|%\{http_code\}/

export const SHELL_RULES: readonly Rule[] = [
  {
    name: 'relative-migration',
    corrections: ['DEF-51', 'DEF-69'],
    why: 'Counted from wherever the database stands: run twice, it undoes another migration.',
    instead:
      'steps: [{ migrate: { ledger: public.alembic_version, from: [a3f1c9d20b47], to: 9c1e55d0e8aa, file: sql/back.sql } }]',
    find: matching(SHELL, /\balembic\s+(downgrade|upgrade)\s+[-+]\d/),
  },
  {
    name: 'psql-goes-on',
    corrections: ['DEF-05'],
    why: 'psql goes on after an error, and ends as if nothing had happened.',
    instead: 'steps: [{ run-sql: { file: sql/rollback.sql } }]  # stops at the first error, in one transaction',
    find: matching(SHELL, FROM_FILE, STOPS),
  },
  {
    name: 'psql-several-statements',
    corrections: ['DEF-56'],
    why: 'Only the result of the last statement is shown, and all of them are one transaction.',
    instead:
      'checks: { dialogs-readable: { sql: sql/dialogs.sql, expect: { at-least: 1 } } }  # one statement for each check',
    find: (document) => joined(document).filter(severalInOne),
  },
  {
    name: 'psql-describes',
    corrections: ['DEF-04'],
    why: 'A meta-command prints for people; whether there is a table or not, it ends with 0.',
    instead: 'checks: { table-gone: { sql: sql/table-gone.sql, expect: { value: true } } }',
    find: matching(SHELL, /\bpsql\b.*-c\s+["']\s*\\d/),
  },
  {
    name: 'dump-format',
    corrections: ['DEF-03'],
    why: 'pg_restore reads archives (pg_dump -Fc) and refuses a dump of SQL text.',
    instead: 'vector-rollback run <plan> --path restore --local …  # a snapshot, loaded aside, compared, swapped in',
    find: textToArchive,
  },
  {
    name: 'restore-over-live',
    corrections: ['DEF-60', 'DEF-48'],
    why: 'What is there is dropped before anybody knows whether the backup can be read, and what was written since is lost.',
    instead:
      'vector-rollback run <plan> --path restore --local …  # into a side schema; what is there is set aside, counted and kept',
    find: matching(SHELL, /\bpg_restore\b.*(\s--clean\b|\s-c\b)|\bpsql\b[^<]*<\s*\S*(backup|dump)\S*/i),
  },
  {
    name: 'not-a-variable',
    corrections: ['DEF-69'],
    why: 'Without the dollar sign this is the name of a database, and not the value of the variable.',
    instead: "npx cdk deploy 'staging/*'  # the environment has a name, and its database a sentinel",
    find: matching(SHELL, /\bpsql\s+[A-Z][A-Z0-9]*_[A-Z0-9_]+\b/),
  },
  {
    name: 'placeholder-credentials',
    corrections: ['DEF-67'],
    why: 'Credentials in a text are wrong, or known to everybody.',
    instead:
      'database: { sentinel: { sql: sql/sentinel.sql, equals: search } }  # the secret comes from Secrets Manager, or IAM',
    find: matching(['sql', 'shell', 'other'], /\bpostgres(ql)?:\/\/[^\s:@/]+:[^\s@/]+@/i, /:\$\{?\w+\}?@|:\*+@/),
  },
  {
    name: 'sql-in-shell',
    corrections: ['DEF-49'],
    why: 'The shell takes the statement for a command.',
    instead: 'steps: [{ run-sql: { file: sql/stop-tasks.sql } }]',
    find: bareSql,
  },
  {
    name: 'curl-passes-errors',
    corrections: ['DEF-30'],
    why: 'Without --fail curl ends with 0 whatever the server answers, 500 included.',
    instead: 'checks: { healthy: { http: { service: api, path: /health }, expect: { status: 200, within: 5s } } }',
    find: (document) => matching(SHELL, CURL, FAILS)(document).filter(({ text }) => !/^\s*(echo|alias)\b/.test(text)),
  },
  {
    name: 'failure-swallowed',
    corrections: ['DEF-47'],
    why: 'Any failure, a lost connection too, is taken for what was expected.',
    instead: 'checks: { queue-gone: { sql: sql/read-queue.sql, expect: { error: 42P01 } } }  # this error and no other',
    find: matching(SHELL, /\|\|\s*(echo|true|:)(\s|$)/),
  },
  {
    name: 'export-for-others',
    corrections: ['DEF-32'],
    why: 'Changes the shell of whoever types it, and not the application.',
    instead:
      'flags: { SEARCH_ENABLED: { parameter: "/app/{env}/SEARCH_ENABLED", safe: "false", "on": "true", delivery: ecs-redeploy, deliver: { cluster: "app-{env}", service: api }, within: 5m } }',
    find: exportsForOthers,
  },
  {
    name: 'restart-keeps-environment',
    corrections: ['DEF-33'],
    why: 'restart starts the same container again, with the environment that it was made with.',
    instead:
      'steps: [{ restart: { ecs: { cluster: "app-{env}", service: api } } }]  # new tasks, which read the parameters',
    find: restartAfterChange,
  },
  {
    name: 'env-file-edited',
    corrections: ['DEF-35', 'DEF-34', 'DEF-37'],
    why: 'Run twice it stands there twice, and a prefix deletes keys that were not meant.',
    instead: 'steps: [{ restore-config: { path: "/app/{env}/queue/" } }]',
    find: matching(SHELL, />>\s*\S*\.env\b|\bsed\s+-i\b.*\/d['"]?\s+\S*\.env\b|>\s*\S*\.env\.\w*patch\b/),
  },
  {
    name: 'mutable-version',
    corrections: ['DEF-52', 'DEF-53', 'DEF-24'],
    why: 'A branch, or a tag such as 1.7.x, is not what was in service before: it moves.',
    instead:
      'steps: [{ previous-version: { ecs: { cluster: "app-{env}", service: api } } }]  # the recorded task definition',
    find: matching(SHELL, /\bgit\s+checkout\s+(main|master|develop)\b|:\d+\.\d+\.x\b|:latest\b/),
  },
  {
    name: 'unquoted-space',
    corrections: ['DEF-53'],
    why: 'The shell cuts the path at its space.',
    instead:
      'steps: [{ previous-version: { lambda: { function: "api-{env}", alias: live } } }]  # no working copy at all',
    find: matching(SHELL, /^\s*cd\s+[^"'\s;&|]+[^\\\s;&|]\s+(?!&&|\|\||;|#)[^\s;&|]+/),
  },
  {
    name: 'kill-by-pattern',
    corrections: ['DEF-57'],
    why: 'Ends every process whose command line has the text, the one of whoever types it included.',
    instead: 'steps: [{ scale: { ecs: { cluster: "app-{env}", service: monitor }, to: 0 } }]',
    find: matching(SHELL, /\bpkill\b.*\s-f\b|\bkillall\b/),
  },
  {
    name: 'never-ends',
    corrections: ['DEF-68'],
    why: 'Follows the log for ever: as a step of a script it never ends.',
    instead:
      'signals: { errors: { log-filter: { group: "/app/{env}/api", pattern: ERROR }, above: 0, unit: count, for: 5m, severity: high } }',
    find: matching(SHELL, /\btail\b[^|]*\s-\w*f\b/),
  },
  {
    name: 'push-applies-nothing',
    corrections: ['DEF-71'],
    why: 'The history says that the migration was applied: nothing is pushed, and no row comes back with it.',
    instead:
      'vector-rollback run <plan> --path restore --local …  # tables with their rows, compared before they are in service',
    find: matching(SHELL, /\bsupabase\s+db\s+push\b/),
  },
  {
    name: 'migrations-regenerated',
    corrections: ['DEF-59'],
    why: 'What is generated from the models is another migration than the one that was applied.',
    instead: 'git checkout <tag of the release> -- alembic/versions  # the files as they were',
    find: matching(SHELL, /\brevision\s+--autogenerate\b|\brm\b.*\balembic\/versions\//),
  },
  {
    name: 'test-data-left',
    corrections: ['DEF-50'],
    why: 'What a check creates in production stays there, and looks like what users wrote.',
    instead:
      'checks: { creates: { http: { service: api, method: POST, path: /articles, json: { title: "{tag}" }, cleanup: { created: id, path: "/articles/{created}" } }, expect: { status: 201 } } }',
    find: matching(
      SHELL,
      /\bcurl\b.*(-X\s*POST|--request\s+POST).*("title"|'\{|-d\b.*[Tt]est|\/test)/,
      /search|\/query/i,
    ),
  },
]
