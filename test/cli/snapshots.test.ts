import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { s3SweptObjects } from '#aws/objects-sweep.ts'
import type { PlanName, SnapshotId } from '#core/names.ts'
import type { SweptObjects } from '#core/ports.ts'
import { manifestKey, partKey } from '#core/snapshot/keys.ts'
import { openLocalBucket } from '#local/bucket.ts'
import { lockDirectory } from '#local/endpoints/directory-lock.ts'
import { keysIn, PLAN, writeParts, writeSealed } from '#test/core/snapshot/folders-in-bucket.ts'
import { createBucket, useEndpoints } from '#test/support/endpoints.ts'
import { cli, linesOf } from './cli.ts'

const LIVE = 'live-20261121T031207Z-0a1b2c'
let state: string
beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), 'vector-rollback-snapshots-'))
})
afterEach(() => rm(state, { recursive: true, force: true }))

/** Works with the bucket of the state folder, as something in this process that comes before or after the command. */
const inState = async <T>(work: (objects: SweptObjects) => Promise<T>): Promise<T> => {
  const { objects, close } = await openLocalBucket(state)
  try {
    return await work(objects)
  } finally {
    await close()
  }
}
const allKeys = () => inState((objects) => keysIn(objects))
const snapshots = (...args: string[]) => cli(['snapshots', ...args, '--state', state, '--environment', 'test'])

/** Everything in the bucket of the folder was written that many days earlier. */
const backdate = async (days: number) => {
  const folder = join(state, 's3', 'buckets', 'vector-rollback-local', 'objects')
  for (const file of await readdir(folder)) {
    const path = join(folder, file)
    const object = JSON.parse(await readFile(path, 'utf8')) as { modified: string }
    const modified = new Date(Date.parse(object.modified) - days * 86_400_000).toISOString()
    await writeFile(path, JSON.stringify({ ...object, modified }))
  }
}

describe('a command that cannot begin', () => {
  test.each([
    ['no place', ['list'], 'neither "--state" nor "--bucket"'],
    ['two places', ['list', '--state', 'x', '--bucket', 'y'], 'both'],
    ['a bucket without its environment', ['list', '--bucket', 'y'], '--environment'],
    ['a folder that no run was in', ['list', '--state', '/nowhere'], '/nowhere'],
    ['--deep without a database', ['verify', 'x', '--state', 'x', '--deep'], '--database-url'],
    ['a database without --deep', ['verify', 'x', '--state', 'x', '--database-url', 'x'], '--deep'],
    ['an age of minutes', ['sweep', '--state', 'x', '--older-than', '10m'], 'at least an hour'],
    ['both a dry run and none', ['sweep', '--state', 'x', '--dry-run', '--confirm'], '--confirm'],
    ['a snapshot without a database', ['take', 'pgvector-search', '--state', 'x'], '--database-url'],
  ])('%s: exit code 2, one screen, and what to write instead', async (_, args, named) => {
    const { code, stdout, stderr } = await cli(['snapshots', ...args])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(named)
    expect(linesOf(stderr)).toBeLessThan(24)
  })

  test('while a run works with the folder: exit code 4', async () => {
    await inState(async () => undefined)
    const release = await lockDirectory(state)
    const { code, stderr } = await snapshots('list')
    await release()
    expect([code, stderr]).toEqual([4, expect.stringContaining(state)])
  })
})

describe('a list', () => {
  test('shows each snapshot, and what is none, with its plan, moment, kind, rows and tables', async () => {
    await inState(async (objects) => {
      await writeSealed(objects, 'inc-1')
      await writeParts(objects, LIVE)
      await writeSealed(objects, 'inc-1', 'other' as PlanName)
    })
    const { code, stdout, stderr } = await snapshots('list', PLAN)
    expect([code, stderr]).toEqual([0, ''])
    const lines = stdout.trimEnd().split('\n')
    expect(lines).toHaveLength(3)
    expect(lines[1]).toMatch(
      /^inc-1 +search +2026-11-21 03:12:07 UTC .* old +retired +30 rows .* sealed +public\.items$/,
    )
    expect(lines[2]).toMatch(new RegExp(`^${LIVE} +search .* not sealed: not a snapshot$`))
    const all = JSON.parse((await snapshots('list', '--json')).stdout)
    expect(all.snapshots.map(({ plan, id, state }: Record<string, string>) => [plan, id, state])).toEqual([
      ['other', 'inc-1', 'sealed'],
      [PLAN, 'inc-1', 'sealed'],
      [PLAN, LIVE, 'not sealed'],
    ])
    expect(all.snapshots[1]).toMatchObject({ consistency: 'retired', rows: 30, tables: [{ name: 'items' }] })
  })

  test('with a manifest that cannot be trusted shows the others too: exit code 3', async () => {
    await inState(async (objects) => {
      await writeSealed(objects, 'inc-1')
      await writeSealed(objects, 'inc-2')
      await objects.write(manifestKey(PLAN, 'inc-1' as SnapshotId), '{}')
    })
    const { code, stdout, stderr } = await snapshots('list')
    expect(code).toBe(3)
    expect(stdout).toContain('NOT TO BE TRUSTED')
    expect(stdout).toMatch(/inc-2 .* sealed/)
    expect(stderr).toContain(manifestKey(PLAN, 'inc-1' as SnapshotId))
    const { code: again, stdout: json } = await snapshots('list', '--json')
    expect(again).toBe(3)
    expect(JSON.parse(json).snapshots[0].problems).toMatchObject([{ name: 'Snapshot.ManifestCorrupt' }])
  })

  test('of nothing says so', async () => {
    await inState(async () => undefined)
    expect(await snapshots('list', 'pgvector-search')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('No snapshots of plan "pgvector-search"'),
    })
  })
})

describe('verifying', () => {
  test('an intact snapshot says what was read: exit code 0', async () => {
    await inState((objects) => writeSealed(objects, 'inc-1'))
    const { code, stdout, stderr } = await snapshots('verify', 'inc-1')
    expect([code, stdout]).toEqual([0, expect.stringContaining('Intact: snapshot "inc-1" of plan "search", retired')])
    expect(stderr).toContain('Read every object')
  })

  test('names every object that is wrong, and writes nothing: exit code 3', async () => {
    const id = 'inc-1' as SnapshotId
    await inState(async (objects) => {
      await writeSealed(objects, id)
      await objects.delete(partKey(PLAN, id, 1))
      await objects.write(partKey(PLAN, id, 2), 'other bytes')
    })
    const before = await allKeys()
    const { code, stdout } = await snapshots('verify', id)
    expect(code).toBe(3)
    expect(stdout).toContain(`Snapshot.PartMissing\n  "${partKey(PLAN, id, 1)}"`)
    expect(stdout).toContain(`Snapshot.PartTruncated\n  "${partKey(PLAN, id, 2)}"`)
    expect(stdout).toContain('2 failures. Nothing was written.')
    expect(JSON.parse((await snapshots('verify', id, '--json')).stdout)).toMatchObject({
      intact: false,
      failures: [{ name: 'Snapshot.PartMissing' }, { name: 'Snapshot.PartTruncated' }],
    })
    expect(await allKeys()).toEqual(before)
  })

  test('finds a byte that was flipped on the disk itself', async () => {
    await inState((objects) => writeSealed(objects, 'inc-1'))
    const bytes = join(state, 's3', 'buckets', 'vector-rollback-local', 'bytes')
    for (const file of await readdir(bytes)) {
      const body = await readFile(join(bytes, file))
      // zstd's magic number: a part.
      if (body.toString('hex', 0, 4) !== '28b52ffd') continue
      body[body.length - 1] = (body[body.length - 1] ?? 0) ^ 1
      await writeFile(join(bytes, file), body)
    }
    const { code, stdout } = await snapshots('verify', 'inc-1')
    expect([code, stdout]).toEqual([3, expect.stringContaining('3 failures')])
  })

  test('a snapshot of another environment, or none: refused, by name', async () => {
    await inState(async (objects) => {
      await writeSealed(objects, 'inc-1')
      await writeParts(objects, 'inc-2')
    })
    const other = await cli(['snapshots', 'verify', 'inc-1', '--state', state])
    expect([other.code, other.stdout]).toEqual([3, expect.stringContaining('Snapshot.OtherEnvironment')])
    const open = await snapshots('verify', 'inc-2')
    expect([open.code, open.stdout]).toEqual([3, expect.stringContaining('it is no snapshot')])
  })

  test('an id that there is not, or that several plans have: exit code 2, and what to write', async () => {
    await inState(async (objects) => {
      await writeSealed(objects, 'inc-1')
      await writeSealed(objects, 'inc-1', 'other' as PlanName)
    })
    expect(await snapshots('verify', 'inc-11')).toMatchObject({ code: 2, stderr: expect.stringContaining('inc-1') })
    expect(await snapshots('verify', 'inc-1')).toMatchObject({ code: 2, stderr: expect.stringContaining('--plan') })
    expect(await snapshots('verify', 'inc-1', '--plan', 'other')).toMatchObject({ code: 0 })
  })
})

describe('a sweep', () => {
  test('says what would go and why, and deletes only when it is confirmed; sealed snapshots stay', async () => {
    await inState(async (objects) => {
      await writeSealed(objects, 'inc-1')
      await writeParts(objects, LIVE)
      await writeParts(objects, 'inc-2')
    })
    const before = await allKeys()
    expect((await snapshots('sweep')).stdout).toContain('not old enough')
    await backdate(8)
    const dry = await snapshots('sweep')
    expect(dry.code).toBe(0)
    expect(dry.stdout).toMatch(
      new RegExp(`would delete {2}search/${LIVE} {2}7 objects, .* 8 d old: it has no manifest`),
    )
    expect(dry.stdout).toMatch(/keep {2}search\/inc-2 .* give the database of the plan/)
    expect(dry.stdout).toContain('Nothing was deleted: add --confirm.')
    expect(await allKeys()).toEqual(before)
    const { code, stdout } = await snapshots('sweep', '--confirm', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout).deleted).toMatchObject({ folders: 1, objects: 7 })
    expect(await allKeys()).toEqual(before.filter((key) => !key.includes(LIVE)))
  })
})

describe('of a bucket', () => {
  const given = useEndpoints()

  test('everything works by its name, with the endpoint and credentials of the environment', async () => {
    const { url } = given().endpoints
    const bucket = `rollback-${Date.now()}`
    await createBucket(url, bucket)
    const objects = s3SweptObjects(bucket)
    await writeSealed(objects, 'inc-1')
    const at = (...args: string[]) => cli(['snapshots', ...args, '--bucket', bucket, '--environment', 'test'])
    expect(await at('list')).toMatchObject({ code: 0, stdout: expect.stringMatching(/inc-1 .* sealed/) })
    expect(await at('verify', 'inc-1')).toMatchObject({ code: 0, stdout: expect.stringContaining('Intact') })
    expect(await at('sweep', '--confirm')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('There is nothing to delete.'),
    })
    expect(await keysIn(objects)).toHaveLength(8)
    expect(await cli(['snapshots', 'list', '--bucket', 'no-such-bucket', '--environment', 'test'])).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('Bucket.NoSuchBucket'),
    })
  })
})
