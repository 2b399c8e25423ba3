import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { STEPS } from '#core/steps/registry.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Folders of the house. What tools make beside them is nobody's concern. */
const FOLDERS = ['plans', 'core', 'functions', 'statemachines', 'infra', 'local', 'cli', 'test', 'bench', 'docs', '.ci']

const filesBelow = (folder: string): string[] =>
  existsSync(join(ROOT, folder))
    ? readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
        .sort()
    : []

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8')
const sources = FOLDERS.flatMap(filesBelow).filter((file) => file.endsWith('.ts'))

const ALIASES: Readonly<Record<string, string>> = z
  .object({ imports: z.record(z.string(), z.string()) })
  .parse(JSON.parse(read('package.json'))).imports

/** A file of the project as a path from its root; a package or a built-in module by its name. */
const resolve = (from: string, specifier: string): string => {
  if (specifier.startsWith('.')) return relative(ROOT, join(ROOT, dirname(from), specifier))
  const alias = Object.entries(ALIASES).find(([name]) => specifier.startsWith(name.replace('*', '')))
  if (alias) return alias[1].replace('./', '').replace('*', specifier.slice(alias[0].length - 1))
  const [scope, name] = specifier.split('/')
  return specifier.startsWith('@') ? `${scope}/${name}` : specifier.startsWith('node:') ? specifier : (scope ?? '')
}

const IMPORT =
  /(?:^|[\n;])\s*(?:import|export)\s(?:[^'"`;]*?\sfrom\s*)?['"]([^'"\n]+)['"]|\bimport\(\s*['"]([^'"\n]+)['"]\s*\)/g

/** Everything that a file imports, types included. */
const importsOf = (file: string): string[] =>
  [...read(file).matchAll(IMPORT)].map(([, named, dynamic]) => resolve(file, named ?? dynamic ?? ''))

interface Room {
  /** Prefixes of the files that live in it; the longest one of all rooms counts. */
  readonly path: string
  /** Prefixes of what they may import: files of the project, packages, built-in modules. */
  readonly may: readonly string[]
}

const SDKS = ['@aws-sdk/', '@smithy/', 'pg', 'pg-copy-streams']
const PURE = ['node:crypto', 'node:stream', 'node:url', 'node:zlib', 'zod']
const OURS = ['core/', 'functions/', 'local/', 'cli/', 'plans/', 'statemachines/']

/** Who may know whom. */
const ROOMS: readonly Room[] = [
  { path: 'core/', may: ['core/', ...PURE] },
  { path: 'core/plan/', may: ['core/', ...PURE, 'node:fs', 'node:path', 'yaml'] },
  // Checked before a plan is deployed and shown before it is run: the parser is in no function.
  { path: 'core/plan/check-sql.ts', may: ['core/', ...PURE, 'pgsql-parser'] },
  { path: 'core/preview/sql-text.ts', may: ['core/', ...PURE, 'pgsql-parser'] },
  {
    path: 'functions/',
    may: ['core/', 'functions/', 'statemachines/', 'node:', '@middy/', '@aws-lambda-powertools/', 'aws-lambda'],
  },
  { path: 'functions/aws/', may: ['core/', 'functions/aws/', 'node:', ...SDKS] },
  {
    path: 'infra/',
    may: [
      'infra/',
      'core/plan/',
      'core/probe/metric.ts',
      'core/health/metrics.ts',
      'core/decide/decide.ts',
      'core/approval/approvers.ts',
      'core/steps/registry.ts',
      'core/errors.ts',
      'node:',
      'aws-cdk-lib',
      'constructs',
      'esbuild',
      'zod',
    ],
  },
  { path: 'statemachines/', may: ['core/steps/registry.ts', 'local/asl/', 'node:'] },
  { path: 'local/', may: [...OURS, 'node:', 'zod', 'jsonata', '@electric-sql/', 'aws-lambda'] },
  { path: 'cli/', may: [...OURS, 'node:', 'zod', 'commander', 'yaml'] },
  { path: 'plans/', may: ['core/', 'plans/', 'node:'] },
]

const roomOf = (file: string): Room | undefined =>
  ROOMS.filter(({ path }) => file.startsWith(path)).sort((a, b) => b.path.length - a.path.length)[0]

const isWithin = (name: string, prefix: string): boolean =>
  /[/:]$/.test(prefix) ? name.startsWith(prefix) : name === prefix || name.startsWith(`${prefix}/`)

describe('imports run one way', () => {
  test.each(ROOMS.map(({ path }) => path))('out of %s', (path) => {
    const trespasses = sources
      .filter((file) => roomOf(file)?.path === path)
      .flatMap((file) =>
        importsOf(file)
          .filter((name) => !roomOf(file)?.may.some((prefix) => isWithin(name, prefix)))
          .map((name) => `${file} imports ${name}`),
      )
    expect(trespasses).toEqual([])
  })

  test('are looked at in every file, and found', () => {
    expect(
      sources.filter((file) => /^(core|functions|infra|local|cli|statemachines|plans)\//.test(file) && !roomOf(file)),
    ).toEqual([])
    expect(importsOf('functions/aws/flags.ts')).toEqual([
      '@aws-sdk/client-ssm',
      'functions/aws/clients.ts',
      'functions/aws/sdk-errors.ts',
      'functions/aws/ssm-client.ts',
      'core/names.ts',
      'core/ports.ts',
    ])
    expect(importsOf('functions/ports.ts')).toContain('statemachines/rollback.asl.json')
  })

  test('lead to files that are there', () => {
    const lost = sources.flatMap((file) =>
      importsOf(file)
        .filter((name) => /\.(ts|json)$/.test(name) && !existsSync(join(ROOT, name)))
        .map((name) => `${file} imports ${name}`),
    )
    expect(lost).toEqual([])
  })
})

test('every file is one idea: 300 lines at most', () => {
  const long = sources
    .filter((file) => /^(core|functions|local|cli|infra)\//.test(file))
    .map((file) => ({ file, lines: read(file).trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > 300)
  expect(long).toEqual([])
})

test('nothing in the project knows the folders around it', () => {
  const top = readdirSync(ROOT, { withFileTypes: true }).filter(
    (entry) => entry.isFile() && entry.name !== 'package-lock.json',
  )
  const texts = [...FOLDERS.flatMap(filesBelow), ...top.map(({ name }) => name)].filter((file) =>
    /\.(ts|json|ya?ml|md|sql|sh|txt)$|(^|\/)run$/.test(file),
  )
  expect(texts).toContain('cdk.json')
  expect(texts.filter((file) => /\.\.\/shared\b|(^|[\s"'`(])\/work\//m.test(read(file)))).toEqual([])
})

describe('one kind of step is one value, one file, one handler', () => {
  const handlers = readdirSync(join(ROOT, 'functions')).filter((file) => file.endsWith('.ts'))

  test('no two steps of the registry have one kind', () => {
    const kinds = STEPS.map(({ kind }) => kind)
    expect([...new Set(kinds)]).toEqual(kinds)
  })

  test('each is defined in the file of its name', () => {
    const defined = filesBelow('core/steps').flatMap((file) => {
      const [, kind] = /defineStep\(\{\s*kind: '([a-z-]+)'/.exec(read(file)) ?? []
      return kind === undefined ? [] : [{ file, kind }]
    })
    expect(defined.map(({ file }) => file)).toEqual(defined.map(({ kind }) => `core/steps/${kind}.ts`))
    expect(defined.map(({ kind }) => kind).sort()).toEqual(STEPS.map(({ kind }) => kind).sort())
  })

  test('each has a handler that names it and nothing else', () => {
    const beside = [
      'adapters-platform.ts',
      'adapters.ts',
      'answer.ts',
      'approval-key.ts',
      'health.ts',
      'lambda.ts',
      'observe-report.ts',
      'on-alarm.ts',
      'plans.ts',
      'ports.ts',
      'probe.ts',
      'remind.ts',
      'sweep-alarms.ts',
    ]
    expect(handlers.sort()).toEqual([...STEPS.map(({ kind }) => `${kind}.ts`), ...beside].sort())
    for (const { kind } of STEPS)
      expect(importsOf(`functions/${kind}.ts`)).toEqual([`core/steps/${kind}.ts`, 'functions/lambda.ts'])
  })
})

const State = z.looseObject({
  Type: z.string(),
  Comment: z.string().optional(),
  Retry: z.array(z.unknown()).optional(),
  Catch: z.array(z.looseObject({ ErrorEquals: z.array(z.string()), Next: z.string() })).optional(),
})
type State = z.output<typeof State>

const States = z.looseObject({ States: z.record(z.string(), State) })
const machine = States.parse(JSON.parse(read('statemachines/rollback.asl.json')))

/** With the states inside maps and branches. */
const allStates = (value: unknown): [string, State][] => {
  if (typeof value !== 'object' || value === null) return []
  const here = States.safeParse(value)
  return [...(here.success ? Object.entries(here.data.States) : []), ...Object.values(value).flatMap(allStates)]
}

describe('the state machine reads as a page', () => {
  const states = allStates(machine)

  test('has states, also inside its maps and branches, and no name twice', () => {
    const names = states.map(([name]) => name)
    expect(names).toEqual(expect.arrayContaining(['Contain', 'Notify the start', 'Run step', 'Load part']))
    expect([...new Set(names)]).toEqual(names)
  })

  test('names every state in sentence case, and says what it is for', () => {
    const spoken = states.filter(
      ([name, { Comment }]) => /^[A-Z][a-z-]*( [a-z-]+)*\??$/.test(name) && /^\S.{10,}\.$/.test(Comment ?? ''),
    )
    expect(states.filter((state) => !spoken.includes(state)).map(([name]) => name)).toEqual([])
  })

  test('tries every call again that fails', () => {
    const once = states.filter(([, { Type, Retry }]) => Type === 'Task' && (Retry ?? []).length === 0)
    expect(once.map(([name]) => name)).toEqual([])
  })

  test('asks nothing of the database before the same was asked outside of it', () => {
    const leadingTo = (name: string) =>
      Object.entries(machine.States).flatMap(([from, state]) =>
        new RegExp(`"(Next|Default)":"${name}"`).test(JSON.stringify(state)) ? [from] : [],
      )
    expect(leadingTo('Verify')).toEqual(['Ask outside'])
    expect(leadingTo('Watch')).toEqual(['Look outside'])
    expect(leadingTo('Watch the feature')).toEqual(['Look at the feature from outside'])
    expect(leadingTo('Verify the feature')).toEqual(['Ask the feature from outside'])
  })

  /** Where an error leads that does not lead to a person at once. */
  const ENDS: Readonly<Record<string, string>> = {
    'Needs a human': 'Tell that nobody answered',
    // What only tells stops nothing.
    'Tell that nobody answered': 'Nobody answered',
    'Tell that it is closed': 'Handed over',
    'Tell that it got worse': 'Run the steps',
    // Whose caught error, and whose end, is a person: what was there comes back first.
    'Ask to replace': 'Put back what was there',
    // The flags may be on: they are switched off before a person is asked.
    'Re-enable': 'Switch off again',
    'Watch the feature': 'Switch off again',
    'Verify the feature': 'Switch off again',
    'Look at the feature from outside': 'Switch off again',
    'Ask the feature from outside': 'Switch off again',
  }
  /** Errors that have a way of their own: where that leads. Nobody has failed there. */
  const FORESEEN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'Ask to go on': { 'Approval.Superseded': 'Look after the answer' },
    // Whoever lost the lease changes nothing, to safety neither.
    'Re-enable': { 'Lease.Lost': 'Needs a human' },
  }

  test('ends every error with a person, and the waiting for that person with a failure', () => {
    const fallible = Object.entries(machine.States).filter(([, { Type }]) => ['Task', 'Map', 'Parallel'].includes(Type))
    const caught = fallible.map(([name, { Catch }]) => [
      name,
      Catch?.at(-1)?.ErrorEquals,
      Catch?.map(({ Next }) => Next),
    ])
    expect(caught).toEqual(
      fallible.map(([name]) => [
        name,
        ['States.ALL'],
        [...Object.values(FORESEEN[name] ?? {}), ENDS[name] ?? 'Needs a human'],
      ]),
    )
    const foreseen = fallible.flatMap(([name, { Catch }]) =>
      (Catch ?? [])
        .slice(0, -1)
        .map(({ ErrorEquals, Next }) => [name, Object.fromEntries(ErrorEquals.map((e) => [e, Next]))]),
    )
    expect(Object.fromEntries(foreseen)).toEqual(FORESEEN)
    // What only tells goes on to where the run was going.
    const told = ['Tell that nobody answered', 'Nobody answered', 'Handed over']
    const ends = new Set(Object.values(ENDS).filter((end) => !told.includes(end)))
    for (const end of ends) expect(machine.States[end]?.Catch?.at(-1)?.Next, end).toBe('Needs a human')
  })
})
