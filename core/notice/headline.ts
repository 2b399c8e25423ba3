import type { MessageEvent } from '#core/plan/messages.ts'
import { NOT_KNOWN, type Values } from '#core/plan/placeholders.ts'

/** What happened in a few words, for subjects of events without a template and for telephones. */
export const headline = (event: MessageEvent, values: Values): string => {
  const { path = 'the', error, signal = 'a signal', reason, roles, flags } = values
  const name = error?.split(': ')[0] ?? 'no reason known'
  const heads: Readonly<Record<MessageEvent, string>> = {
    monitor: `watch ${signal}${values.severity ? ` (${values.severity})` : ''}`,
    observed: `${signal}${values.severity ? ` (${values.severity})` : ''} would lead to the path ${path}`,
    'no-data': `no data for ${signal}`,
    'probe-failed': 'the probes did not run',
    'observe-report': `the week: ${values.signals ?? NOT_KNOWN}`,
    contained: `contained${flags === undefined ? '' : `: ${flags}`}`,
    'not-contained': `NOT contained (${name})`,
    started: `${path} rollback started`,
    'not-followed': 'consumers do not obey the flag',
    joined: `another signal joined the run that goes on`,
    worse: 'it got worse, a worse path follows',
    'held-back': 'contained, and held back from doing more',
    'proceed-needed': `may the ${path} rollback go on?`,
    'approval-needed': 'approval needed to destroy retired tables',
    'replace-needed': 'may a snapshot replace what is there?',
    're-enable-needed': 'may the feature be on again?',
    reminder: `still waiting for ${roles ?? 'a person'}`,
    escalated: `nobody has answered, calling ${roles ?? 'more people'}`,
    update: `how it stands: ${values.status ?? NOT_KNOWN}`,
    'rolled-back': `${path} rollback done`,
    purged: 'retired tables destroyed as approved',
    restored: 'tables restored, feature still off',
    're-enabled': 'the feature is on again',
    'nothing-to-do': 'there was nothing to do',
    'needs-human': `rollback needs a person (${name})`,
    'handed-over': 'closed by a person, who has taken over',
    'no-answer': 'nobody answered, the run has failed',
    stopped: 'the run was stopped before its end',
    'not-started': `the rollback could not begin (${name})`,
    report: 'the report is written',
    users: reason ?? 'service is limited',
    'users-resolved': 'service is normal again',
  }
  return heads[event]
}
