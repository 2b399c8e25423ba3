import { expect, test } from 'vitest'
import { renderMessage } from '#core/plan/messages.ts'

const messages = { report: { subject: '{plan} – {signal}: {reason}', body: 'Rows: {rows}, {unknown} {__proto__}' } }

test('fills placeholders, and shows a dash for what is not known', () => {
  expect(renderMessage(messages, 'report', { plan: 'p', signal: 's', reason: '{rows}' })).toEqual({
    subject: 'p ? s: {rows}',
    body: 'Rows: -, {unknown} {__proto__}',
  })
})

test('keeps a subject within what SNS takes: 100 ASCII characters, one line', () => {
  const subject = renderMessage(messages, 'report', { reason: `${'x'.repeat(200)}\n` })?.subject ?? ''
  expect(subject).toMatch(/^[ -~]{97}\.\.\.$/)
})

test('has nothing for an event without a template', () => {
  expect(renderMessage(messages, 'purged', {})).toBeNull()
  expect(renderMessage(messages, 'constructor', {})).toBeNull()
})
