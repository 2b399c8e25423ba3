import { describe, expect, test } from 'vitest'
import { fittingRow, versionOfImage } from '#core/plan/compatibility.ts'
import { readPlan } from '#core/plan/load.ts'
import { withSteps } from '#test/core/recorded/world.ts'
import { type Edit, planFolder, shown } from './folder.ts'

const problemsOf = async (steps: readonly string[], ...edits: readonly Edit[]): Promise<string[]> => {
  const folder = await planFolder({ 'plan.yaml': withSteps(steps, ...edits), 'sql/step.sql': null })
  return shown((await readPlan(folder)).problems)
}
const WEB = 'ecs: { cluster: app, service: web }'

describe('a step on a workload', () => {
  test('names exactly one, by names and not by ARNs', async () => {
    expect(await problemsOf([`restart: { ${WEB} }`])).toEqual([])
    expect((await problemsOf([`restart: { ${WEB}, lambda: { function: f, alias: live } }`]))[0]).toContain(
      'This step has "ecs" and "lambda".',
    )
    expect((await problemsOf(['restart: {}']))[0]).toContain('This step says nothing.')
    expect((await problemsOf(['restart: { ecs: { cluster: "arn:aws:ecs:x", service: web } }']))[0]).toContain(
      'Write the name, not the ARN',
    )
    expect((await problemsOf(['restart: { lambda: { function: f, alias: "7" } }']))[0]).toContain('Write the alias')
  })

  test.each([
    '1.7.x',
    'latest',
    'v1.7.9',
    'web',
  ])('goes back to no version that is another one tomorrow: %s (DEF-24)', async (version) => {
    const [problem] = await problemsOf([`previous-version: { ${WEB}, to: "${version}" }`])
    expect(problem).toContain(`"${version}" is not a version of a workload`)
  })

  test('is scaled to nothing or back, never to a number of its own', async () => {
    expect(await problemsOf([`scale: { ${WEB}, to: 0 }`, `scale: { ${WEB}, to: recorded }`])).toEqual([])
    expect((await problemsOf([`scale: { ${WEB}, to: 3 }`]))[0]).toContain('neither 0 nor recorded')
  })
})

describe('a matrix of compatibility (VEC-67)', () => {
  const matrix = (fits: string): Edit => [
    'checks:\n',
    `compatibility:
  components: { web: { ${WEB} }, sdk: { parameter: "/app/{env}/SDK" } }
  fits: [${fits}]
checks:
`,
  ]
  test('names components that there are, and ranges', async () => {
    const step = [`previous-version: { ${WEB} }`]
    expect(await problemsOf(step, matrix('{ versions: { web: ">=1.8 <1.9", sdk: ">=1.0.0" } }'))).toEqual([])
    expect((await problemsOf(step, matrix('{ versions: { wbe: any } }')))[0]).toContain('Did you mean "web"?')
    expect((await problemsOf(step, matrix('{ versions: { web: 1.7.x } }')))[0]).toContain('is not a range of versions')
  })

  test('fits versions row by row; none is a component that is not there, and what is in no row does not fit', () => {
    const fits = [
      { versions: { web: '>=1.8 <1.9', sdk: '>=1.0.0 <2' } },
      { versions: { web: '<1.8', sdk: 'none' }, clients: 'no new headers' },
    ]
    expect(fittingRow({ fits }, { web: '1.8.0', sdk: '1.0.0' })).toBe(fits[0])
    expect(fittingRow({ fits }, { web: '1.7.4', sdk: null })).toBe(fits[1])
    expect(fittingRow({ fits }, { web: '1.7.4', sdk: '1.0.0' })).toBeNull()
    expect(fittingRow({ fits }, { web: '1.8.0', sdk: null })).toBeNull()
    expect(fittingRow({ fits }, { web: '1.9.0', sdk: '1.0.0' })).toBeNull()
  })

  test.each([
    ['hivellm/vectorizer:1.7.4', '1.7.4'],
    ['registry:5000/web:v1.8.0-alpine', '1.8.0'],
    ['web:1.8@sha256:abc', '1.8'],
    ['web:latest', null],
    ['registry:5000/web', null],
    ['web@sha256:1234', null],
  ])('reads the version of image %s', (image, version) => {
    expect(versionOfImage(image)).toBe(version)
  })
})
