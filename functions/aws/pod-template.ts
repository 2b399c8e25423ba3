import { canonicalJson } from '#core/json.ts'
import type { RestartMarks } from '#core/ports-platform.ts'

interface Variable {
  readonly name: string
  readonly value?: string
}
interface Container {
  readonly name: string
  readonly image?: string
  readonly env?: readonly Variable[]
}
/** What of a pod template is looked at; all the rest goes along as it is. */
export interface PodTemplate {
  readonly metadata?: {
    readonly annotations?: Readonly<Record<string, string>>
    readonly labels?: Readonly<Record<string, string>>
    readonly [other: string]: unknown
  }
  readonly spec: { readonly containers: readonly Container[]; readonly [other: string]: unknown }
}

const OURS = 'vector-rollback/'
/** Names of the variables that flags have set, joined by commas. */
const VARIABLES = `${OURS}variables`
const HASH = 'pod-template-hash'
/** What `kubectl rollout restart` leaves. */
const RESTARTED = 'kubectl.kubernetes.io/restartedAt'

const annotationsOf = ({ metadata }: PodTemplate) => Object.entries(metadata?.annotations ?? {})
const isOurs = ([name]: readonly [string, unknown]): boolean => name.startsWith(OURS)

export const marksOf = (template: PodTemplate): Record<string, string> =>
  Object.fromEntries(
    annotationsOf(template).flatMap(([name, value]) =>
      name.startsWith(OURS) && name !== VARIABLES ? [[name.slice(OURS.length), value]] : [],
    ),
  )

const variablesOf = ({ metadata }: PodTemplate): string[] =>
  (metadata?.annotations?.[VARIABLES] ?? '').split(',').filter((name) => name !== '')

export const imagesOf = ({ spec }: PodTemplate): string[] =>
  spec.containers.flatMap(({ image }) => (image ? [image] : []))

/** The template without what restarts and flags have put into it, as comparable text. */
const essence = ({ metadata = {}, spec }: PodTemplate, variables: readonly string[]): string => {
  const { annotations = {}, labels = {}, creationTimestamp: _, ...rest } = metadata
  return canonicalJson({
    ...rest,
    annotations: Object.fromEntries(
      Object.entries(annotations).filter((entry) => !isOurs(entry) && entry[0] !== RESTARTED),
    ),
    labels: Object.fromEntries(Object.entries(labels).filter(([name]) => name !== HASH)),
    spec: {
      ...spec,
      containers: spec.containers.map(({ env = [], ...container }) => ({
        ...container,
        env: env.filter(({ name }) => !variables.includes(name)),
      })),
    },
  })
}

/** Whether two templates are one version: they differ by restarts and by values of flags at most. */
export const sameVersion = (a: PodTemplate, b: PodTemplate): boolean => {
  const variables = [...variablesOf(a), ...variablesOf(b)]
  return essence(a, variables) === essence(b, variables)
}

const withAnnotations = (template: PodTemplate, annotations: Readonly<Record<string, string>>): PodTemplate => {
  const { [HASH]: _, ...labels } = template.metadata?.labels ?? {}
  return { ...template, metadata: { ...template.metadata, labels, annotations } }
}

const withVariable = (template: PodTemplate, name: string, value: string): PodTemplate => {
  const { containers } = template.spec
  const has = ({ env = [] }: Container) => env.some((variable) => variable.name === name)
  // Those that know it; the first one where nobody does yet.
  const known = containers.filter(has)
  const setOn = known.length > 0 ? known : containers.slice(0, 1)
  const set = (container: Container): Container => ({
    ...container,
    env: [...(container.env ?? []).filter((variable) => variable.name !== name), { name, value }],
  })
  return {
    ...template,
    spec: { ...template.spec, containers: containers.map((one) => (setOn.includes(one) ? set(one) : one)) },
  }
}

/** The template with the marks and variables of a restart; the very same when it has them. */
export const restarted = (template: PodTemplate, { marks, variables }: RestartMarks): PodTemplate => {
  const names = [...new Set([...variablesOf(template), ...Object.keys(variables)])].sort()
  const wanted = {
    ...Object.fromEntries(Object.entries(marks).map(([name, value]) => [`${OURS}${name}`, value])),
    ...(names.length > 0 ? { [VARIABLES]: names.join(',') } : {}),
  }
  const there = template.metadata?.annotations ?? {}
  if (Object.entries(wanted).every(([name, value]) => there[name] === value)) return template
  const marked = withAnnotations(template, { ...there, ...wanted })
  return Object.entries(variables).reduce((made, [name, value]) => withVariable(made, name, value), marked)
}

const valueIn = ({ spec }: PodTemplate, wanted: string): string | null =>
  spec.containers.flatMap(({ env = [] }) => env).find(({ name }) => name === wanted)?.value ?? null

/** An earlier template with what flags have set on the present one: going back must not take a containment away. */
export const carriedOver = (earlier: PodTemplate, present: PodTemplate): PodTemplate => {
  const own = annotationsOf(present).filter(isOurs)
  const theirs = annotationsOf(earlier).filter((entry) => !isOurs(entry))
  const marked = withAnnotations(earlier, Object.fromEntries([...theirs, ...own]))
  return variablesOf(present).reduce((made, name) => {
    const value = valueIn(present, name)
    return value === null ? made : withVariable(made, name, value)
  }, marked)
}
