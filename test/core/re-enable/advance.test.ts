import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { ssmFlags } from '#aws/flags.ts'
import { s3Objects } from '#aws/objects.ts'
import { keys } from '#core/incident/keys.ts'
import { readJson, writeJson } from '#core/json.ts'
import type { FlagPath, IncidentId, PlanName } from '#core/names.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import type { Flags, Objects } from '#core/ports.ts'
import { advance } from '#core/re-enable/advance.ts'
import type { ReEnableSubject } from '#core/re-enable/subject.ts'
import { containPlan } from '#core/steps/contain.ts'
import type { Faults } from '#local/endpoints/faults.ts'
import { ssmService } from '#local/endpoints/ssm.ts'
import { edited, planFolder } from '#test/core/plan/folder.ts'
import { host, scratch } from '#test/local/endpoints/host.ts'
import { realClock } from '#test/support/clock.ts'
import { noDeliverer } from '#test/support/deliverer.ts'
import { createBucket } from '#test/support/endpoints.ts'

const [A, B] = ['/app/test/SEARCH', '/app/test/OTHER'] as FlagPath[]
const [RAMP_A, RAMP_B] = ['/app/test/SEARCH_RAMP', '/app/test/OTHER_RAMP'] as FlagPath[]
const OTHER = `  OTHER:
    parameter: /app/{env}/OTHER
    ramp: /app/{env}/OTHER_RAMP
    safe: "off"
    on: "on"
    delivery: poll
    within: 15s
`
let faults: Faults
let plan: Plan
let objects: Objects
let flags: Flags
const subject: ReEnableSubject = {
  askedAt: '2026-11-21T03:00:00.000Z',
  gates: ['Fixed.'],
  unmet: [],
  steps: [5, 50, 100],
}
const run = {
  ...{
    plan: 'small' as PlanName,
    incident: 'incident-1' as IncidentId,
    execution: 'arn',
    epoch: 1,
    path: 'restore' as const,
  },
  ...{ planDigest: '' as never, drill: false },
} as const

beforeEach(async () => {
  const directory = await planFolder({
    'plan.yaml': edited(
      ['    within: 15s\n', `    within: 15s\n    ramp: /app/{env}/SEARCH_RAMP\n${OTHER}`],
      ['gates: [Fixed.] }', 'gates: [Fixed.], ramp: { steps: [5, 50, 100], hold: 10m } }'],
    ),
  })
  plan = await loadPlan(directory)
  const endpoints = await host(ssmService({ directory: await scratch(), clock: realClock }))
  faults = endpoints.faults
  await createBucket(endpoints.url, 'ramps')
  objects = s3Objects('ramps')
  flags = ssmFlags()
  await lease(run.epoch)
  await contain()
})
const lease = (epoch: number) =>
  writeJson(objects, keys.lease(run.plan), {
    ...{ plan: run.plan, epoch, incident: run.incident, execution: run.execution },
    ...{ claimedAt: '2026-11-21T02:59:00.000Z', released: false },
  })
const contain = () => containPlan(plan, { flags, clock: realClock, environment: 'test', deliverer: noDeliverer })
const take = (after: number, ports: { flags?: Flags; objects?: Objects; subject?: ReEnableSubject } = {}) =>
  advance(
    run,
    plan,
    { subject: ports.subject ?? subject, after, by: ['Ada (lead)'] },
    {
      flags: ports.flags ?? flags,
      objects: ports.objects ?? objects,
      clock: realClock,
      environment: 'test',
    },
  )
const values = async () =>
  Promise.all([A, B, RAMP_A, RAMP_B].map(async (path) => (await flags.read(path as FlagPath))?.value))
const join1 = (at: string) => writeJson(objects, `${keys.joined(run.incident)}alarm-1.json`, { at })

class Killed extends Error {}

/** The ports of a process that is killed at its `n`th call: before the service has it, or before the answer is back. */
const killedAt = (n: number, side: 'before' | 'after', onWrite: () => Promise<void>) => {
  let calls = 0
  let dead = false
  const watched = <T extends object>(port: T): T =>
    new Proxy(port, {
      get: (target, name) => {
        const method = Reflect.get(target, name)
        if (typeof method !== 'function') return method
        return (...args: unknown[]) => {
          if (name === 'list') return method.apply(target, args)
          return (async () => {
            const now = dead || ++calls === n
            if (now && side === 'before') dead = true
            if (dead) throw new Killed()
            const result = await method.apply(target, args)
            if (name === 'write') await onWrite()
            if (now) dead = true
            if (dead) throw new Killed()
            return result
          })()
        }
      },
    })
  return { flags: watched(flags), objects: watched(objects), wasKilled: () => dead }
}

describe('one step of a ramp', () => {
  test.each([
    'before',
    'after',
  ] as const)('killed at any instant, %s a call is done, and repeated ends the same', async (side) => {
    for (let n = 1, killed = true; killed; n++) {
      killed = false
      await contain()
      const attempt = { ...subject, askedAt: new Date(Date.parse(subject.askedAt) + n).toISOString() }
      for (const [after, percent] of [
        [0, '5'],
        [5, '50'],
      ] as const) {
        const allowed = after === 0 ? ['0', '5'] : ['5', '50']
        // Whatever an application reads in between was approved: no flag is on before its percentage is there.
        const seen = async () => {
          const [a, b, rampA, rampB] = await values()
          for (const [flag, on, ramp] of [
            [a, 'true', rampA],
            [b, 'on', rampB],
          ])
            if (flag === on) expect(allowed.filter((text) => text !== '0')).toContain(ramp)
            else expect(allowed).toContain(ramp)
        }
        const ports = killedAt(n, side, seen)
        await take(after, { ...ports, subject: attempt }).catch((error: unknown) => {
          if (!ports.wasKilled()) throw error
        })
        killed ||= ports.wasKilled()
        await seen()
        expect(await take(after, { subject: attempt })).toMatchObject({ percent: Number(percent) })
        expect(await values()).toEqual(['true', 'on', percent, percent])
      }
      expect(n).toBeLessThan(60)
    }
  })

  test('killed after the flag was on, and contained meanwhile, is not finished: the flag stays off', async () => {
    await take(0)
    await contain()
    await expect(take(0)).rejects.toThrow('somebody else has set it')
    expect(await values()).toEqual(['false', 'off', '5', '5'])
  })

  test('is not taken when anybody has contained since people were asked, and no flag is on for even a moment', async () => {
    const versions = async () => Promise.all([A, B].map(async (path) => (await flags.read(path as FlagPath))?.version))
    const before = await versions()
    await join1('2026-11-21T03:00:00.001Z')
    await expect(take(0)).rejects.toThrow('"alarm-1" asked for containment')
    expect(await versions()).toEqual(before)
  })

  test('goes on past what was joined before people were asked: they knew', async () => {
    await join1('2026-11-21T02:59:59.999Z')
    expect(await take(0)).toMatchObject({ percent: 5, changed: true })
  })

  test('cannot be left out, nor taken without the one before', async () => {
    await expect(take(50)).rejects.toMatchObject({ name: 'ReEnable.OutOfStep' })
    await take(0)
    await expect(take(50)).rejects.toMatchObject({ name: 'ReEnable.OutOfStep' })
    await expect(take(100)).rejects.toMatchObject({ name: 'ReEnable.OutOfStep' })
    expect(await values()).toEqual(['true', 'on', '5', '5'])
  })

  test('of another attempt begins at the bottom again, with a record of its own', async () => {
    await take(0)
    await take(5)
    await contain()
    const again = { ...subject, askedAt: '2026-11-21T04:00:00.000Z' }
    await expect(take(50, { subject: again })).rejects.toMatchObject({ name: 'ReEnable.OutOfStep' })
    expect(await take(0, { subject: again })).toMatchObject({ percent: 5 })
    expect((await readJson(objects, keys.reEnabling(run.incident)))?.value).toMatchObject({ askedAt: again.askedAt })
  })

  test('a containment between the look and the write shows by the version that was written', async () => {
    let raced = false
    const racing: Flags = {
      read: flags.read,
      write: async (path, value) => {
        if (path === A && !raced) {
          raced = true
          await flags.write(path, 'false')
        }
        return flags.write(path, value)
      },
    }
    await expect(take(0, { flags: racing })).rejects.toMatchObject({ name: 'ReEnable.Interrupted' })
  })
})

describe('a holder that was taken over', () => {
  test('enables nothing', async () => {
    await lease(run.epoch + 1)
    await expect(take(0)).rejects.toMatchObject({ name: 'Lease.Lost' })
    expect((await flags.read(A as FlagPath))?.value).toBe('false')
    expect((await flags.read(RAMP_A as FlagPath))?.value).toBe('0')
  })

  test('takes back the flag that it set too late', async () => {
    const late: Flags = {
      read: (path) => flags.read(path),
      write: async (path, value) => {
        const written = await flags.write(path, value)
        if (path === A) await lease(run.epoch + 1)
        return written
      },
    }
    await expect(take(0, { flags: late })).rejects.toMatchObject({ name: 'Lease.Lost' })
    expect((await flags.read(A as FlagPath))?.value).toBe('false')
  })
})

describe('containment', () => {
  test('ends the percentages too, after the flags', async () => {
    await take(0)
    const written: string[] = []
    const write: Flags['write'] = (path, value) => {
      written.push(path)
      return flags.write(path, value)
    }
    const recorded: Flags = { read: flags.read, write }
    const { detail } = await containPlan(plan, {
      flags: recorded,
      clock: realClock,
      environment: 'test',
      deliverer: noDeliverer,
    })
    expect(written.slice(0, 2).sort()).toEqual([B, A])
    expect(detail).toBe('SEARCH set to "false", OTHER set to "off", SEARCH for 0%, OTHER for 0%')
    expect(await values()).toEqual(['false', 'off', '0', '0'])
  })

  test('is complete when a percentage cannot be written: the flag is what counts, and it says so', async () => {
    await take(0)
    const fault = {
      service: 'ssm',
      operation: 'PutParameter',
      key: /_RAMP$/,
      fault: { status: 400, code: 'AccessDeniedException' },
    }
    onTestFinished(faults.add(fault as never))
    expect((await contain()).detail).toContain('the percentage of SEARCH is not 0: ')
    expect(await values()).toEqual(['false', 'off', '5', '5'])
  })
})
