import { describe, expect, test } from 'vitest'
import { parseYaml } from '#core/plan/yaml.ts'
import { shown } from './folder.ts'

const problemsOf = (text: string) => {
  const { value, problems } = parseYaml('plan.yaml', text)
  if (problems.length > 0) expect(value).toBeUndefined()
  return shown(problems)
}

describe('YAML that says something else than what one reads is refused, with its place', () => {
  test('an alias bomb, before anything is expanded', () => {
    const levels = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i}, `.repeat(9)}*l${i}]`)
    const [first, second] = problemsOf(['l0: &l0 [x, x]', ...levels].join('\n'))
    expect(first).toBe('plan.yaml:1:9 "&l0" is an anchor. Remove it: a plan has no anchors and aliases.')
    expect(second).toBe('plan.yaml:2:9 "&l1" is an anchor. Remove it: a plan has no anchors and aliases.')
  })

  test('a single alias', () => {
    expect(problemsOf('a: &x 1\nb:  *x\n')).toContain(
      'plan.yaml:2:5 "*x" is an alias. Write the value out: a plan has no aliases.',
    )
  })

  test('a merge key', () => {
    expect(problemsOf('a:\n  <<: { b: 1 }\n')).toEqual([
      'plan.yaml:2:3 "<<" is a merge key. Write the keys out: a plan has no merge keys.',
    ])
  })

  test('a key twice', () => {
    expect(problemsOf('name: a\ntitle: b\nname: c\n')).toEqual([
      'plan.yaml:3:1 Map keys must be unique. Correct the YAML.',
    ])
  })

  test('a tab as indentation', () => {
    expect(problemsOf('a:\n\tb: 1\n')).toEqual(['plan.yaml:2:1 Tabs are not allowed as indentation. Correct the YAML.'])
  })

  test('a tag', () => {
    expect(problemsOf('a: !!js/function "x"\n')[0]).toMatch(/^plan\.yaml:1:18 ".*js\/function" is a tag\./)
    expect(problemsOf('a: !own x\n')).toEqual([
      'plan.yaml:1:9 "!own" is a tag. Remove it: a plan has plain values only.',
    ])
  })

  test('a second document, and a directive that makes it another YAML', () => {
    expect(problemsOf('a: 1\n---\nb: 2\n')[0]).toMatch(/^plan\.yaml:2:1 /)
    expect(problemsOf('%YAML 1.1\n---\na: yes\n')).toEqual([
      'plan.yaml:1:1 A %YAML directive stands at the start. Remove it: plans are YAML 1.2.',
    ])
  })

  test('the key that would change what objects are', () => {
    expect(problemsOf('a:\n  __proto__: { b: 1 }\n')).toEqual(['plan.yaml:2:3 "__proto__" cannot be a key. Remove it.'])
  })

  test('a key that is no text', () => {
    expect(problemsOf('a:\n  1: x\n')).toEqual(['plan.yaml:2:3 The key "1" is not text. Put the key in quotes.'])
  })

  test('100,000 brackets', () => {
    const [problem] = problemsOf('['.repeat(100_000))
    expect(problem).toMatch(/^plan\.yaml:\d+:\d+ /)
  })
})

describe('positions', () => {
  const yaml = parseYaml('plan.yaml', 'a:\n  - b: 1\n    c: { d: [x, "y"] }\n')

  test('of a value, of a key, and of what is nearest to a thing that is missing', () => {
    expect(yaml.at(['a', 0, 'c', 'd', 1])).toEqual({ line: 3, column: 17 })
    expect(yaml.atKey(['a', 0, 'c'])).toEqual({ line: 3, column: 5 })
    expect(yaml.at(['a', 0, 'c', 'missing'])).toEqual({ line: 3, column: 5 })
    expect(yaml.at(['missing'])).toEqual({ line: 1, column: 1 })
  })

  test('"on" and "no" are text, as YAML 1.2 has it', () => {
    expect(parseYaml('plan.yaml', 'on: no\n').value).toEqual({ on: 'no' })
  })
})
