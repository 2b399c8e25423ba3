import { visible } from '#core/report/visible.ts'

/** Mark-up that needs no more escaping. Only the `html` tag makes it. */
export class Markup {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
  toString(): string {
    return this.text
  }
}

export type Content = Markup | string | number | null | undefined | false | readonly Content[]

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

const render = (content: Content): string => {
  if (content instanceof Markup) return content.text
  if (typeof content === 'string') return visible(content).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
  if (typeof content === 'number') return String(content)
  return content === null || content === undefined || content === false ? '' : content.map(render).join('')
}

/**
 * HTML and SVG: `${}` is always text, safe between tags and inside quoted attributes, unless it is mark-up of this tag.
 * An array is joined; null, undefined and false are nothing.
 */
export const html = (strings: TemplateStringsArray, ...values: Content[]): Markup =>
  new Markup(strings.map((string, i) => string + (i < values.length ? render(values[i]) : '')).join(''))
