import { createHash } from 'node:crypto'
import { type Content, html, type Markup, Markup as Safe } from '#core/report/html/markup.ts'
import type { Tone } from '#core/report/html/parts.ts'
import { STYLES } from '#core/report/html/styles.ts'

const TINTS: Record<Tone, string> = { good: '#17803d', bad: '#c62828', warn: '#b26a00', plain: '#57606a' }

/** The mark in the browser's tab. Without one, a page that is served asks its server for /favicon.ico. */
const favicon = (tone: Tone) =>
  `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle cx="4" cy="4" r="4" fill="${TINTS[tone]}"/></svg>`)}`

const policy = (styles: string) =>
  [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(styles).digest('base64')}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')

/** The value as it is, for whoever wants more than the page says. */
export const rawJson = (value: unknown): Markup =>
  html`<details class="card raw"><summary>All of it as JSON</summary><pre tabindex="0">${JSON.stringify(value, null, 2)}</pre></details>\n`

/**
 * One HTML file that needs nothing else: no script, no request. Its policy allows its one style sheet and no other,
 * so that nothing that a value smuggles in could run or call out.
 */
export const page = (head: { title: string; tone: Tone }, header: Content, main: Content, footer: Content): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy(STYLES)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${head.title}</title>
<link rel="icon" href="${favicon(head.tone)}">
<style>${new Safe(STYLES)}</style>
</head>
<body>
<a class="skip" href="#content">To the content</a>
<header>
${header}
</header>
<main id="content">
${main}
</main>
<footer>
${footer}
</footer>
</body>
</html>
`.text
