import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Debian's browser, or the one of `CHROMIUM`; null where there is none. */
export const chromiumPath: string | null = process.env.CHROMIUM || (PLACES.find((path) => existsSync(path)) ?? null)

export const inCi = process.env.CI === 'true'

if (chromiumPath === null && !inCi)
  process.stderr.write(
    `\n${'!'.repeat(100)}\n!! LEFT OUT: every test that opens a report in a browser: there is no Chromium.\n` +
      `!! apt-get install --no-install-recommends chromium, or set CHROMIUM to its path.\n${'!'.repeat(100)}\n\n`,
  )

/** The sandbox needs what containers and root do not have; the only page opened is our own file. */
const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export interface OpenPage extends AsyncDisposable {
  readonly page: Page
  /** What the console said and what the page asked for, itself left out. */
  readonly complaints: string[]
}

export interface ReportBrowser extends AsyncDisposable {
  open(html: string, options?: { width?: number; colours?: 'light' | 'dark' }): Promise<OpenPage>
}

/** Opens reports as files, as an operator does. */
export const startBrowser = async (): Promise<ReportBrowser> => {
  if (chromiumPath === null) throw new Error('no Chromium: apt-get install --no-install-recommends chromium')
  const browser: Browser = await chromium.launch({ executablePath: chromiumPath, args: ARGUMENTS })
  const folder = await mkdtemp(join(tmpdir(), 'report-'))
  let pages = 0
  return {
    async open(html, { width = 1280, colours = 'light' } = {}) {
      const file = join(folder, `${++pages}.html`)
      await writeFile(file, html)
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: colours })
      const page = await context.newPage()
      const url = pathToFileURL(file).href
      const complaints: string[] = []
      page.on('console', (message) => complaints.push(`console: ${message.text()}`))
      page.on('pageerror', (error) => complaints.push(`error: ${error.message}`))
      page.on('dialog', (dialog) => {
        complaints.push(`dialog: ${dialog.message()}`)
        void dialog.dismiss()
      })
      page.on('request', (request) => {
        if (request.url() !== url && !request.url().startsWith('data:')) complaints.push(`request: ${request.url()}`)
      })
      await page.goto(url)
      return { page, complaints, [Symbol.asyncDispose]: () => context.close() }
    },
    async [Symbol.asyncDispose]() {
      await browser.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const output = fileURLToPath(new URL('../../test-output/', import.meta.url))

/** Keeps a picture of the whole page in `test-output/`. */
export const keepScreenshot = async (page: Page, name: string): Promise<void> => {
  await mkdir(output, { recursive: true })
  await page.screenshot({ path: join(output, `${name}.png`), fullPage: true })
}
