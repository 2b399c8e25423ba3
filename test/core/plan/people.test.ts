import { describe, expect, test } from 'vitest'
import { loadPlan, PlanError } from '#core/plan/load.ts'
import { planFolder, SMALL_PLAN, shown } from './folder.ts'

const load = async (more: string) => loadPlan(await planFolder({ 'plan.yaml': `${SMALL_PLAN}${more}` }))

const problemsWith = async (more: string): Promise<string[]> => {
  const error: unknown = await load(more).catch((thrown: unknown) => thrown)
  return error instanceof PlanError ? shown(error.problems).map((line) => line.replace(/^plan\.yaml:/, '')) : []
}

const HOOK = `webhooks:
  - name: status-page
    url: https://status.example.com/{env}
    events: [users]
    secret: /app/{env}/STATUS_SECRET
`

test('a ladder, its updates, what a rollback means to others and webhooks are read', async () => {
  const plan = await load(`escalation:
  - { after: 15m, tell: [lead], alternatives: [retry, hold, { do: Call the vendor, run: "tel:+15550100" }] }
  - { after: 1h, tell: [lead] }
updates: 30m
impact: { users: Search is limited., workaround: Search by words. }
${HOOK}`)
  expect(plan.escalation).toMatchObject([
    { after: 900_000, tell: ['lead'], alternatives: ['retry', 'hold', { do: 'Call the vendor' }] },
    { after: 3_600_000, alternatives: [] },
  ])
  expect([plan.updates, plan.impact.services, plan.webhooks[0]?.name]).toEqual([1_800_000, [], 'status-page'])
})

describe('is refused with its line and its fix', () => {
  test.each([
    [
      'a role that nobody can reach',
      'escalation: [{ after: 15m, tell: [boss] }]\n',
      /57:\d+ "boss" is not a contact of this plan\. Use one of lead\./,
    ],
    [
      'rungs out of their order',
      'escalation: [{ after: 1h, tell: [lead] }, { after: 15m, tell: [lead] }]\n',
      /"15m" does not come after "1h"\./,
    ],
    [
      'a choice that nobody knows',
      'escalation: [{ after: 1h, tell: [lead], alternatives: [retri] }]\n',
      /57:56 "retri"/,
    ],
    [
      'a follow-up for somebody whom nobody can reach',
      'report: { follow-ups: [{ do: Write a test., role: boss }] }\n',
      /"boss" is not a contact of this plan\./,
    ],
    [
      'those who are concerned, from evidence that is not kept',
      'impact: { affected: tenants }\n',
      /"tenants" is not a piece of evidence of this plan\./,
    ],
    [
      'evidence under a name that every database has already',
      'evidence: { locks: { describe: Locks., sql: sql/answers.sql } }\n',
      /"locks" is kept of every database already\./,
    ],
    ['updates more often than anybody looks', 'updates: 1m\n', /"1m" is shorter than the 5m between two looks\./],
    [
      'a webhook over plain HTTP',
      HOOK.replace('https', 'http'),
      /"http:\/\/status.example.com\/\{env\}" is not the address of a webhook/,
    ],
    [
      'a webhook with a password in its address',
      HOOK.replace('https://', 'https://me:secret@'),
      /is not the address of a webhook/,
    ],
    ['a webhook for an event that there is not', HOOK.replace('[users]', '[user]'), /users/],
    ['a webhook named twice', `${HOOK}${HOOK.replace('webhooks:\n', '')}`, /"status-page" is named twice\./],
    [
      'a placeholder that there is not, deep in a body',
      `${HOOK}    body: { incident: { name: "{foo}" } }\n`,
      /"\{foo\}" is not a placeholder\./,
    ],
  ])('%s', async (_, more, problem) => {
    expect((await problemsWith(more)).join('\n')).toMatch(problem)
  })

  test.each([
    ['name', '    name: Lead', '    name: "  "'],
    ['way to be reached', 'reach: [chat]', 'reach: [chat, " "]'],
  ])('a contact whose %s was left blank: nobody is armed with it (VEC-63)', async (_, filled, blank) => {
    const text = SMALL_PLAN.replace(filled, blank)
    expect(text).not.toBe(SMALL_PLAN)
    await expect(loadPlan(await planFolder({ 'plan.yaml': text }))).rejects.toThrow('is not anybody')
  })

  test('a choice of a path that the plan does not have', async () => {
    const directory = await planFolder({
      'plan.yaml': `${SMALL_PLAN.replace(/ {2}partial:\n[\s\S]*? {2}full:/, '  full:')}escalation: [{ after: 1h, tell: [lead], alternatives: [partial] }]\n`,
      'sql/step.sql': null,
    })
    await expect(loadPlan(directory)).rejects.toThrow('This plan has no path "partial".')
  })
})
