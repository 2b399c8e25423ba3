import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type ApprovalRequest, readAnswers, readRequest } from '#core/approval/approval.ts'
import type { IncidentId } from '#core/names.ts'
import { fixtureOf } from '#core/plan/fixture.ts'
import { embedded } from '#local/embedded.ts'
import { urlEvent } from '#local/people.ts'
import { type Stack, startStack } from '#local/stack.ts'
import { cli } from '#test/cli/cli.ts'
import { playApplication } from '#test/support/application.ts'
import { setEnvironment } from '#test/support/endpoints.ts'
import { PLAN, PLAN_FOLDER } from '#test/support/paths.ts'

let directory: string
let database: Awaited<ReturnType<typeof embedded>>
let stack: Stack
const waiting = new Map<string, () => void>()
const waitsIn = (arn: string) => new Promise<void>((resolve) => waiting.set(arn, resolve))

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vector-rollback-people-'))
  database = await embedded()
  const fixture = await fixtureOf(PLAN_FOLDER)
  await database.session({ applicationName: 'fixture', statementTimeout: 0 }, (session) =>
    fixture.load(session, { rows: 20 }),
  )
  stack = await startStack({
    directory,
    environment: 'test',
    database: { embedded: database },
    approvers: 'by-url',
    onEvent: ({ type }, arn) => {
      if (type === 'TaskSubmitted') waiting.get(arn)?.()
    },
  })
  await playApplication(stack, database)
})
afterAll(async () => {
  await stack?.close()
  await database?.close()
  await rm(directory, { recursive: true, force: true })
})

let runs = 0
/** A run that waits, contained, for the team lead. */
const start = async (): Promise<{ incident: IncidentId; arn: string; request: ApprovalRequest }> => {
  const incident = `people-${++runs}` as IncidentId
  // Each of another day: no run is held back by the cooldown of the one before.
  stack.clock.travel(25 * 60 * 60_000)
  const at = stack.clock.now().toISOString()
  const signal = { name: 'query-timeout', severity: 'critical', alarm: 'an-alarm', at, reason: 'slow' }
  const { arn } = await stack.executions.start(incident, { plan: PLAN, path: 'partial', reason: 'a test', signal })
  await waitsIn(arn)
  const request = await readRequest(stack.objects, incident, 'proceed')
  if (!request) throw new Error('the machine asks first')
  return { incident, arn, request }
}
const here = (name = 'alice') => ['--state', directory, '--name', name]

describe('on this machine', () => {
  test('a person sees what is asked, says yes, and the run goes on', async () => {
    const { incident, arn, request } = await start()
    const listed = await cli(['approvals', ...here()])
    expect(listed).toMatchObject({ code: 0 })
    expect(listed.stdout).toContain(`${incident}: proceed of plan ${PLAN} (open)`)
    expect(listed.stdout).toContain(`digest ${request.digest}`)
    expect(listed.stdout).toContain('one person each: team-lead')
    expect(listed.stdout).not.toContain(request.token)
    const approve = ['approve', incident, ...here(), '--role', 'team-lead', '--reason', 'it is slow']
    expect(await cli(approve)).toMatchObject({ code: 2, stderr: expect.stringContaining('repeat with --yes') })
    const approved = await cli([...approve, '--yes'])
    expect(approved).toMatchObject({ code: 0, stdout: expect.stringContaining('The proceed is approved') })
    expect(approved.stderr).toContain(`digest ${request.digest}`)
    expect((await stack.waitFor(arn)).status).toBe('SUCCEEDED')
    expect(await readAnswers(stack.objects, incident, 'proceed')).toMatchObject([
      { role: 'team-lead', name: 'alice', decision: 'approved', reason: 'it is slow' },
    ])
  })

  test('a person says no, sees the problem, and decides to hand over', async () => {
    const { incident, arn } = await start()
    const needsHuman = waitsIn(arn)
    const said = ['--role', 'team-lead', '--yes']
    expect(await cli(['deny', incident, ...here('ben'), ...said])).toMatchObject({ code: 0 })
    await needsHuman
    expect((await cli(['approvals', incident, ...here()])).stdout).toContain('Ask to go on: Approval.Denied')
    expect(await cli(['decide', incident, 'path', ...here(), ...said])).toMatchObject({ code: 2 })
    expect(await cli(['decide', incident, 'close', ...here(), ...said])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('goes on: close'),
    })
    expect((await stack.waitFor(arn)).status).toBe('SUCCEEDED')
    expect(await cli(['decide', incident, 'retry', ...here(), ...said])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('Decision.NoQuestion'),
    })
  })

  test('nobody answers in a role that is not asked, nor to what has changed since, nor without a name', async () => {
    const { incident, arn, request } = await start()
    const yes = ['--yes']
    const refused = (name: string, code = 3) => ({ code, stderr: expect.stringContaining(name) })
    const approve = ['approve', incident, '--role']
    expect(await cli([...approve, 'dba', ...here(), ...yes])).toMatchObject(refused('Approval.WrongRole'))
    expect(await cli([...approve, 'team-lead', ...here(), ...yes, '--digest', 'other'])).toMatchObject(
      refused('Approval.Void'),
    )
    expect(await cli([...approve, 'team-lead', '--state', directory, ...yes])).toMatchObject(refused('"--name"', 2))
    expect(await cli([...approve, 'team-lead', ...yes])).toMatchObject(refused('neither', 2))
    expect(await readAnswers(stack.objects, incident, 'proceed')).toEqual([])
    const said = ['--role', 'team-lead', ...yes, '--digest', request.digest]
    expect(await cli(['approve', incident, ...here(), ...said])).toMatchObject({ code: 0 })
    await stack.waitFor(arn)
  })

  test('the address is known to the owner of the folder alone, and takes no call without it', async () => {
    const file = join(directory, 'answer-url.json')
    expect((await stat(file)).mode & 0o077).toBe(0)
    const { url } = JSON.parse(await readFile(file, 'utf8')) as { url: string }
    const call = { method: 'POST', headers: { 'x-vector-rollback-name': 'eve' }, body: '{"look":"open"}' }
    expect((await fetch(url, call)).status).toBe(200)
    expect((await fetch(new URL('/', url), call)).status).toBe(403)
    expect((await fetch(url, { headers: call.headers })).status).toBe(405)
  })

  test('a folder without a run that waits says so', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'vector-rollback-people-'))
    onTestFinished(() => rm(empty, { recursive: true }))
    expect(await cli(['approvals', '--state', empty, '--name', 'alice'])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('run --local --wait'),
    })
  })
})

describe('of a deployment', () => {
  const ANN = 'arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Lead_0123456789abcdef/ann@example.com'
  const calls: IncomingHttpHeaders[] = []
  let server: Server
  let url: string
  const credentials = {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_SESSION_TOKEN: 'of-a-session',
  }

  /** What AWS has in front: a function URL that knows who signed, and CloudFormation, which knows the URL. */
  beforeAll(async () => {
    server = createServer(async (request, response) => {
      calls.push(request.headers)
      const body = await text(request)
      const scope = request.headers.authorization?.match(
        /Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/(\w+)\/aws4_request/,
      )
      if (scope?.[1] === 'cloudformation') {
        const output = `<member><OutputKey>Other</OutputKey><OutputValue>x</OutputValue></member><member><Description>d</Description><OutputValue>${url}</OutputValue><OutputKey>AnswerUrl</OutputKey></member>`
        const known = body.includes('StackName=vector-rollback-prod')
        response
          .writeHead(known ? 200 : 400)
          .end(known ? `<Stacks><member><Outputs>${output}</Outputs></member></Stacks>` : '')
      } else if (scope?.[1] === 'lambda') {
        const restore = setEnvironment({ APPROVERS: JSON.stringify({ 'team-lead': [ANN] }) })
        const event = { ...urlEvent(ANN, null, request.method), body }
        const replied = (await stack.invoke('answer', event)) as { statusCode: number; body: string }
        restore()
        response.writeHead(replied.statusCode).end(replied.body)
      } else response.writeHead(403).end('{"Message":"Forbidden"}')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  })
  afterAll(() => new Promise((resolve) => server.close(resolve)))

  test('a person signs with the own credentials, and is whom AWS says', async () => {
    const { incident, arn } = await start()
    const before = calls.length
    const said = ['--role', 'team-lead', '--yes', '--json']
    const approved = await cli(['approve', incident, '--url', url, ...said], credentials)
    expect(approved.stderr).toContain(incident)
    expect(approved).toMatchObject({ code: 0, stdout: expect.stringContaining('"status": "approved"') })
    expect(calls.length - before).toBe(2)
    for (const headers of calls.slice(before))
      expect(headers).toMatchObject({
        'x-amz-security-token': 'of-a-session',
        authorization: expect.stringContaining('SignedHeaders='),
      })
    expect(await readAnswers(stack.objects, incident, 'proceed')).toMatchObject([
      { name: 'ann@example.com', identity: ANN },
    ])
    await stack.waitFor(arn)
  })

  test('is found by its environment', async () => {
    const environment = { ...credentials, AWS_ENDPOINT_URL: url }
    expect(await cli(['approvals', '--environment', 'prod'], environment)).toMatchObject({
      code: 0,
      stdout: 'Nothing is asked.\n',
    })
    expect(await cli(['approvals', '--environment', 'other'], environment)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('vector-rollback-other'),
    })
  })

  test('lets nobody in whom AWS does not know, and says which policy is missing', async () => {
    const stranger = { ...credentials, AWS_ACCESS_KEY_ID: 'AKIDSTRANGER' }
    expect(await cli(['approvals', '--url', url], stranger)).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('vector-rollback-<environment>-answer'),
    })
    expect(await cli(['approvals', '--url', 'http://example.com/'], credentials)).toMatchObject({ code: 2 })
  })
})
