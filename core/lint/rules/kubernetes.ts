import type { Document, Line } from '../document.ts'
import { linesOf, matching, type Rule, SHELL } from '../rule.ts'

const MUTATES = /\bkubectl\s+(rollout\s+(undo|restart)|scale|set\s+(image|env)|delete|apply|patch)\b/

/** What pods and events say of the trouble, asked for when the pods that knew are gone. */
const evidenceAfter = (document: Document): Line[] => {
  const lines = linesOf(document, SHELL)
  const first = lines.find(({ text }) => MUTATES.test(text))
  return lines.filter(
    ({ text, number }) => first && number > first.number && /\bkubectl\s+(logs|get\s+events)\b.*>\s*\S+/.test(text),
  )
}

/** Exec into what a command before has scaled to nothing. */
const execIntoNothing = (document: Document): Line[] => {
  const stopped = new Set<string>()
  return linesOf(document, SHELL).filter(({ text }) => {
    const [, name, replicas] = /\bkubectl\s+scale\s+deploy\w*[\s/]+(\S+).*--replicas=(\d+)/.exec(text) ?? []
    if (name !== undefined) {
      if (replicas === '0') stopped.add(name)
      else stopped.delete(name)
      return false
    }
    const [, pod] = /\bkubectl\s+(?:exec|cp)\b.*?\b([a-z][a-z0-9-]*?)-0\b/.exec(text) ?? []
    return pod !== undefined && stopped.has(pod)
  })
}

const scaledBackByHeart = (document: Document): Line[] => {
  let stopped = false
  return linesOf(document, SHELL).filter(({ text }) => {
    const [, replicas] = /\bkubectl\s+scale\b.*--replicas=(\d+)/.exec(text) ?? []
    if (replicas === '0') stopped = true
    return stopped && replicas !== undefined && replicas !== '0'
  })
}

/** A backup that goes up under one name, and comes down under another. */
const otherBackup = (document: Document): Line[] => {
  const lines = linesOf(document, SHELL)
  const names = (text: string): string[] =>
    [...text.matchAll(/([\w.-]+\.(?:tar\.gz|dump|tgz|zip))\b/g)].map(([, name = '']) => name)
  const saved = lines.flatMap(({ text }) => (/\baws\s+s3\s+cp\s+(?!s3:)/.test(text) ? names(text) : []))
  if (saved.length === 0) return []
  return lines.filter(
    ({ text }) =>
      /s3:\/\//.test(text) &&
      !/\baws\s+s3\s+cp\s+(?!s3:)/.test(text) &&
      names(text).some((name) => !saved.includes(name)),
  )
}

export const KUBERNETES_RULES: readonly Rule[] = [
  {
    name: 'undo-to-whatever-was',
    corrections: ['DEF-22'],
    why: 'Goes back one revision, whatever made it: after "set env" that is the version at fault.',
    instead:
      'steps: [{ previous-version: { eks: { cluster: "app-{env}", namespace: search, deployment: vectorizer } } }]',
    find: matching(SHELL, /\bkubectl\s+rollout\s+undo\b/, /--to-revision/),
  },
  {
    name: 'revision-by-heart',
    corrections: ['DEF-23'],
    why: 'A revision that stands in a text was the right one on the day when it was written.',
    instead: 'vector-rollback record <plan>  # before each deployment; the step previous-version goes back to it',
    find: matching(SHELL, /--to-revision=\d+|\bhelm\s+rollback\s+\S+\s+\d+/),
  },
  {
    name: 'exec-into-nothing',
    corrections: ['DEF-15', 'DEF-16'],
    why: 'The pods were scaled to nothing before, and pods of a Deployment are not called -0.',
    instead: 'vector-rollback run <plan> --path restore --local …  # needs no pod',
    find: execIntoNothing,
  },
  {
    name: 'data-removed-in-place',
    corrections: ['DEF-19'],
    why: 'What was there is gone before anybody knows whether the backup can be read.',
    instead:
      'paths: { full: { retire: [public.vectors] } }  # moved out of reach, snapshotted, destroyed after approval only',
    find: matching(SHELL, /\brm\s+-\w*r\w*\s+\S*\/\*|\brm\s+-\w*r\w*\s+\/(data|var)\b/),
  },
  {
    name: 'cp-from-s3',
    corrections: ['DEF-18'],
    why: 'kubectl cp knows files and pods, and no addresses of S3.',
    instead: 'vector-rollback snapshots verify <id> --deep  # read from S3 by whoever may read it',
    find: matching(SHELL, /\bkubectl\s+cp\b.*s3:\/\//),
  },
  {
    name: 'another-backup-restored',
    corrections: ['DEF-17', 'DEF-20'],
    why: 'What is restored has another name than what was saved.',
    instead: 'vector-rollback snapshots list  # ids, with rows and digests; a restore takes the newest that is whole',
    find: otherBackup,
  },
  {
    name: 'live-object-saved',
    corrections: ['DEF-21'],
    why: 'Carries the version and the owner of the moment, and is refused, or undoes more than was meant, when it is applied.',
    instead:
      'steps: [{ restore-config: { configmap: { cluster: "app-{env}", namespace: search, name: vectorizer-config } } }]',
    find: matching(SHELL, /\bkubectl\s+get\b.*-o\s*yaml\b.*>/),
  },
  {
    name: 'replicas-by-heart',
    corrections: ['DEF-26'],
    why: 'Nobody knows whether there were as many before; an autoscaler may have had its own number.',
    instead:
      'steps: [{ scale: { eks: { cluster: "app-{env}", namespace: search, deployment: vectorizer }, to: recorded } }]',
    find: scaledBackByHeart,
  },
  {
    name: 'logs-cut',
    corrections: ['DEF-27'],
    why: 'With a selector kubectl gives the last ten lines of each pod, unless --tail=-1 is said.',
    instead: 'aws logs tail <group> --since 1h  # CloudWatch Logs keeps them past the life of the pods',
    find: matching(SHELL, /\bkubectl\s+logs\b.*(\s-l\b|--selector)/, /--tail=-1/),
  },
  {
    name: 'evidence-after-change',
    corrections: ['DEF-28'],
    why: 'The pods that knew what happened are gone by then.',
    instead:
      "evidence: { pods: { describe: Every pod and its version., sql: sql/pods.sql } }  # kept before a path's first step",
    find: evidenceAfter,
  },
  {
    name: 'query-not-encoded',
    corrections: ['DEF-29'],
    why: 'Brackets and parentheses of the query are taken for something else by the shell and by curl.',
    instead:
      'checks: { few-errors: { metric: { namespace: App, name: ErrorRate, statistic: Average, window: 5m }, expect: { below: 1 } } }',
    find: matching(SHELL, /\bcurl\b.*\/api\/v1\/query\w*\?query=[^&"'\s]*[([]/, /--data-urlencode/),
  },
  {
    name: 'two-sources-of-a-setting',
    corrections: ['DEF-25'],
    why: 'A variable of the deployment and a ConfigMap can disagree, and only one of them wins.',
    instead:
      'flags: { HUB_ENABLED: { parameter: "/app/{env}/HUB_ENABLED", safe: "false", "on": "true", delivery: eks-restart, deliver: { cluster: "app-{env}", namespace: search, deployment: vectorizer }, within: 5m } }',
    find: (document) => {
      const lines = linesOf(document, SHELL)
      const env = lines.filter(({ text }) => /\bkubectl\s+set\s+env\b/.test(text))
      return env.length > 0 ? lines.filter(({ text }) => /\bkubectl\s+patch\s+configmap\b/.test(text)) : []
    },
  },
]
