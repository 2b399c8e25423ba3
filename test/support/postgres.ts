import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chown, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { scratch } from '#test/support/scratch.ts'

const run = promisify(execFile)

/** A superuser's URL, and the directory of `psql` and `pg_dump` of the server's version (`null`: not known). */
export interface PostgresServer {
  readonly url: string
  readonly bin: string | null
  stop(): Promise<void>
}

/** What the databases of tests are copies of: to create the extension takes longer than to copy it. */
export const WITH_VECTOR = 'vector_rollback_tests'

const SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  jit: 'off',
  max_connections: '200',
  max_prepared_transactions: '10',
  max_worker_processes: '8',
  shared_buffers: '512MB',
  wal_level: 'logical',
}
const settingArguments = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`])

/**
 * A PostgreSQL server with pgvector for the tests: that of `TEST_DATABASE_URL` (a superuser's), else a container of the
 * major version, else one of it that `postgres-server.sh` put together. Rejects with every reason why there is none.
 */
export async function startPostgres(major = process.env.TEST_POSTGRES ?? '15'): Promise<PostgresServer> {
  const given = process.env.TEST_DATABASE_URL
  if (given) return { url: given, bin: null, stop: async () => {} }
  const reasons: string[] = []
  for (const start of [startContainer, startBuilt]) {
    try {
      return await start(major)
    } catch (error) {
      const stderr = typeof error === 'object' && error !== null && 'stderr' in error ? String(error.stderr).trim() : ''
      reasons.push(`${start === startContainer ? 'Docker' : 'own build'}: ${stderr || String(error)}`)
    }
  }
  throw new Error(`No PostgreSQL ${major} server with pgvector: TEST_DATABASE_URL is not set; ${reasons.join('; ')}`)
}

async function startContainer(major: string): Promise<PostgresServer> {
  await run('docker', ['info'], { timeout: 10_000 })
  const { stdout } = await run('docker', [
    ...['run', '--detach', '--rm', '--publish', '127.0.0.1::5432', '--env', 'POSTGRES_HOST_AUTH_METHOD=trust'],
    ...['--shm-size', '1g', `pgvector/pgvector:pg${major}`, 'postgres', ...settingArguments],
  ])
  const container = stdout.trim()
  const stop = async () => {
    await run('docker', ['stop', '--time', '10', container])
  }
  try {
    // The image's entry point starts a first server without TCP to initialise: only the second one answers here.
    await run('docker', [
      ...['exec', container, 'timeout', '60', 'bash', '-c'],
      'until pg_isready --quiet --host 127.0.0.1; do sleep 0.2; done',
    ])
    const { stdout: address } = await run('docker', ['port', container, '5432/tcp'])
    return { url: `postgresql://postgres@${address.trim().split('\n')[0]}/postgres`, bin: null, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startBuilt(major: string): Promise<PostgresServer> {
  const { stdout } = await run('bash', [join(import.meta.dirname, 'postgres-server.sh'), major])
  const bin = stdout.trim()
  const data = await mkdtemp(join(scratch() ?? tmpdir(), 'vector-rollback-postgres-'))
  const user = await unprivilegedUser()
  if (user) await chown(data, user.uid, user.gid)
  // Libraries that the machine lacked lie beside the binaries, unless these were told where to find them.
  const libraries = join(bin, '../../../x86_64-linux-gnu')
  const env = existsSync(libraries) ? { ...process.env, LD_LIBRARY_PATH: libraries } : process.env
  try {
    await run(
      join(bin, 'initdb'),
      [
        '--pgdata',
        data,
        '--username',
        'postgres',
        '--auth',
        'trust',
        '--encoding',
        'UTF8',
        '--locale',
        'C.UTF-8',
        '-N',
      ],
      { env, cwd: '/', ...user },
    )
    return await listen(bin, data, user, env)
  } catch (error) {
    await rm(data, { recursive: true, force: true })
    throw error
  }
}

/** Starts the server as a child that the kernel ends with this process, however this process ends. */
async function listen(bin: string, data: string, user: Identity | null, env: NodeJS.ProcessEnv, tries = 3) {
  const port = await freePort()
  const identity = user ? ['--reuid', String(user.uid), '--regid', String(user.gid), '--clear-groups'] : []
  const server = spawn(
    'setpriv',
    [
      ...['--pdeathsig', 'INT', ...identity, join(bin, 'postgres'), '-D', data, '-p', String(port)],
      ...['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=', ...settingArguments],
    ],
    { env, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const exited = once(server, 'exit')
  const lines: string[] = []
  const ready = new Promise<boolean>((resolve) => {
    createInterface({ input: server.stderr }).on('line', (line) => {
      if (lines.length < 20) lines.push(line)
      if (line.includes('database system is ready to accept connections')) resolve(true)
    })
    exited.then(() => resolve(false))
  })
  if (!(await ready)) {
    if (tries > 1) return listen(bin, data, user, env, tries - 1)
    throw new Error(`the server ended at once: ${lines.join('\n')}`)
  }
  return {
    url: `postgresql://postgres@127.0.0.1:${port}/postgres`,
    bin,
    async stop() {
      server.kill('SIGINT')
      await exited
      await rm(data, { recursive: true, force: true })
    },
  }
}

interface Identity {
  readonly uid: number
  readonly gid: number
}

/** `null` unless this is root, as whom the server refuses to run. */
async function unprivilegedUser(): Promise<Identity | null> {
  if (process.getuid?.() !== 0) return null
  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'))
  const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody')
  if (!user) throw new Error('neither "postgres" nor "nobody" is a user of this machine')
  return { uid: Number(user[2]), gid: Number(user[3]) }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port from the operating system')
  return address.port
}
