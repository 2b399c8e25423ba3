import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Benchmark } from './benchmark.ts'
import { median } from './support/statistics.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const CDK = createRequire(import.meta.url).resolve('aws-cdk/bin/cdk')
const PROMISED_SECONDS = 60
/** Nobody answers there: whatever asks the network fails. */
const NOWHERE = 'http://127.0.0.1:9'

/** As a person runs it, without an account and without a network. Resolves to seconds. */
const synth = async (output: string, signal: AbortSignal): Promise<number> => {
  const began = performance.now()
  const child = spawn(process.execPath, [CDK, 'synth', '--quiet', '--output', output], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, HOME: output, CI: 'true', HTTP_PROXY: NOWHERE, HTTPS_PROXY: NOWHERE },
    stdio: ['ignore', 'ignore', 'pipe'],
    signal,
  })
  const ended = new Promise<number | null>((resolve, reject) => child.once('close', resolve).once('error', reject))
  const [told, code] = await Promise.all([text(child.stderr), ended])
  if (code !== 0) throw new Error(`cdk synth ended with ${code}: ${told.slice(-2_000)}`)
  return (performance.now() - began) / 1000
}

export const benchmark: Benchmark = {
  name: 'synth',
  describe: 'cdk synth of every environment and plan, without account and network, against a minute',
  async run({ rounds, note, signal }) {
    const output = await mkdtemp(join(tmpdir(), 'vector-rollback-synth-'))
    try {
      const seconds: number[] = []
      for (let round = 0; round < (rounds ?? 3); round += 1) seconds.push(await synth(join(output, `${round}`), signal))
      const assemblies = (await readdir(join(output, '0'))).filter((name) => name.startsWith('assembly-'))
      const plans = await readdir(join(output, '0', 'functions', 'plans'))
      note(`${assemblies.length} environments, ${plans.length} plans`)
      return {
        ratios: [{ name: `synth / ${PROMISED_SECONDS} s`, value: median(seconds) / PROMISED_SECONDS, atMost: 1 }],
        measurements: seconds.map((one, round) => ({
          round: round + 1,
          seconds: Number(one.toFixed(1)),
          environments: assemblies.length,
          plans: plans.length,
        })),
      }
    } finally {
      await rm(output, { recursive: true, force: true })
    }
  },
}
