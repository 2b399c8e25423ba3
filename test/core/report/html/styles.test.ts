import { describe, expect, test } from 'vitest'
import { STYLES } from '#core/report/html/styles.ts'

const [light = '', dark = '', print = ''] = [...STYLES.matchAll(/:root\{([^}]*)\}/g)].map(([, body]) => body)

const colours = (body: string): Record<string, string> =>
  Object.fromEntries([...body.matchAll(/--([\w-]+):(#[0-9a-f]{3,6})\b/g)].map(([, name, value]) => [name, value]))

/** WCAG 2.2, relative luminance. */
const luminance = (colour: string): number => {
  const hex = colour.length === 4 ? [...colour.slice(1)].map((digit) => digit + digit).join('') : colour.slice(1)
  const [red = 0, green = 0, blue = 0] = [0, 2, 4].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

const contrast = (a: string, b: string): number => {
  const [brighter = 0, darker = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (brighter + 0.05) / (darker + 0.05)
}

/** What stands on what. */
const PAIRS: [text: string, ground: string][] = [
  ['ink', 'page'],
  ['ink', 'card'],
  ['ink', 'sunken'],
  ['soft', 'page'],
  ['soft', 'card'],
  ['soft', 'sunken'],
  ['accent', 'page'],
  ['accent', 'card'],
  ['card', 'accent'],
  ...['good', 'bad', 'warn'].flatMap((tone): [string, string][] => [
    [tone, `${tone}-tint`],
    [tone, 'card'],
    ['ink', `${tone}-tint`],
    ['soft', `${tone}-tint`],
    ['card', tone],
  ]),
]

describe.each([
  ['light', light],
  ['dark', dark],
  ['print', print],
])('in the %s colours', (_, body) => {
  test.each(PAIRS)('%s on %s can be read', (text, ground) => {
    const named = colours(body)
    expect(contrast(named[text] ?? '', named[ground] ?? '')).toBeGreaterThanOrEqual(4.5)
  })
})
