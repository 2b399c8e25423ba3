import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { renderDrillHtml } from '#core/report/drill.ts'
import { renderHtml } from '#core/report/html.ts'
import { fullReport } from '#test/support/report.ts'
import { chromiumPath, inCi, keepScreenshot, type ReportBrowser, startBrowser } from '#test/support/report-browser.ts'
import { drillReport } from '#test/support/report-drill.ts'
import { purgedReport, stuckReport } from '#test/support/report-endings.ts'
import { hostileReport } from '#test/support/report-hostile.ts'
import { rollbackMachine } from '#test/support/report-machine.ts'

const full = renderHtml(fullReport(), rollbackMachine)
const stuck = renderHtml(stuckReport(), rollbackMachine)

test.runIf(inCi)('CI has a browser, so that nothing is left out', () => {
  expect(chromiumPath).not.toBeNull()
})

const sidewards = (page: Page) => page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth')
const ground = (page: Page) => page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
const states = (picture: Locator) =>
  picture
    .locator('[data-state]')
    .evaluateAll((all) =>
      all.map((state) => ({ name: state.getAttribute('data-state'), status: state.getAttribute('data-status') })),
    )

describe.skipIf(chromiumPath === null)('a report in Chromium', () => {
  let browser: ReportBrowser
  beforeAll(async () => {
    browser = await startBrowser()
  })
  afterAll(() => browser?.[Symbol.asyncDispose]())

  test('says above the fold what happened, that nothing was lost, and how to undo it', async () => {
    await using opened = await browser.open(full)
    const { page } = opened
    expect(await page.title()).toBe('Rolled back: pgvector-search, full path, prod')
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Rolled back')
    const banner = page.locator('.banner')
    expect(await banner.textContent()).toContain('No data was lost')
    expect(await banner.textContent()).toContain('vector-rollback start pgvector-search --path restore')
    const next = await page.getByRole('heading', { name: 'What to do next' }).boundingBox()
    expect(next?.y).toBeLessThan(900)
    await keepScreenshot(page, 'report')
  })

  test('shows containment and total against their budgets', async () => {
    await using opened = await browser.open(stuck)
    const tiles = await opened.page.locator('.tile').allTextContents()
    expect(tiles[0]).toMatch(/Contained in\s*4\.2 s\s*4\.2 s of 1 min allowed · met/)
    expect(tiles[1]).toMatch(/Total time\s*1 min 41 s\s*1 min 41 s of 1 min 30 s allowed · missed/)
    expect(tiles[2]).toMatch(/1 of 3 checks passed, 1 failed, 1 unknown/)
  })

  test('shows every visited state in the picture, numbered, with its time', async () => {
    await using opened = await browser.open(full)
    const picture = opened.page.getByRole('img', { name: 'The way through the state machine' })
    const names = [...new Set(fullReport().states.map(({ name }) => name))]
    for (const [i, name] of names.entries()) {
      const state = picture.locator(`[data-state="${name}"]`)
      expect(await state.isVisible(), name).toBe(true)
      expect(await state.locator('.order').textContent()).toBe(String(i + 1))
    }
    expect(await picture.locator('[data-state="Retire"]').textContent()).toContain('1.3 s · retried ×2')
    const drawn = await states(picture)
    expect(
      drawn
        .filter(({ status }) => status === 'succeeded' || status === 'running')
        .map(({ name }) => name)
        .sort(),
    ).toEqual([...names].sort())
    expect(drawn.filter(({ status }) => status === 'not-taken').map(({ name }) => name)).toContain('Swap in')
  })

  test('lets no text stick out of its box in the picture', async () => {
    for (const report of [fullReport(), stuckReport(), purgedReport()]) {
      await using opened = await browser.open(renderHtml(report, rollbackMachine))
      const outside = await opened.page.locator('.machine [data-state]').evaluateAll((all) =>
        all.flatMap((state) => {
          const box = state.querySelector('.shape')?.getBoundingClientRect()
          return [...state.querySelectorAll('text:not(.order)')]
            .map((text) => ({ text: text.textContent, at: text.getBoundingClientRect() }))
            .filter(
              ({ at }) =>
                !box || at.left < box.left || at.right > box.right || at.top < box.top || at.bottom > box.bottom,
            )
            .map(({ text }) => text)
        }),
      )
      expect(outside).toEqual([])
    }
  })

  test('marks the failed state with its error, and the line to the person', async () => {
    await using opened = await browser.open(stuck)
    const { page } = opened
    const failed = page.locator('[data-state="Snapshot each part"]')
    expect(await failed.getAttribute('data-status')).toBe('failed')
    expect(await failed.textContent()).toContain('failed: Bucket.Unreachable')
    expect(await page.locator('.machine .line.caught').count()).toBe(1)
    expect(await page.locator('section.problem').textContent()).toContain('Check the S3 gateway endpoint')
    await keepScreenshot(page, 'report-needs-human')
  })

  test('has the list of the states beside the picture, and the digests and checks in tables', async () => {
    await using opened = await browser.open(full)
    const { page } = opened
    const [picture, list] = [await page.locator('.picture').boundingBox(), await page.locator('.states').boundingBox()]
    expect(list?.x).toBeGreaterThanOrEqual((picture?.x ?? 0) + (picture?.width ?? 0))
    const tables = page.getByRole('table', { name: 'Tables of the snapshot' })
    for (const { sha256 } of fullReport().snapshot?.tables ?? []) expect(await tables.textContent()).toContain(sha256)
    const checks = page.getByRole('table', { name: 'What was checked, and what was seen' })
    expect(await checks.getByRole('row').count()).toBe(1 + fullReport().checks.length)
    expect(await checks.textContent()).toContain('flag-is-off')
  })

  test('shows the whole picture at 1280 pixels without scrolling in its box', async () => {
    for (const report of [fullReport(), stuckReport(), purgedReport()]) {
      await using opened = await browser.open(renderHtml(report, rollbackMachine))
      expect(await opened.page.locator('.picture').evaluate((box) => box.scrollWidth - box.clientWidth)).toBe(0)
      // A picture that is too wide becomes smaller, by so little that it can be read.
      const machine = opened.page.locator('.machine')
      const scale = await machine.evaluate((svg) => svg.clientWidth / Number(svg.getAttribute('width')))
      expect(scale).toBeGreaterThan(0.9)
    }
  })

  test('selects a whole command with one click', async () => {
    await using opened = await browser.open(full)
    const { page } = opened
    await page.locator('.undo .command').click()
    const selected = await page.evaluate<string>('String(window.getSelection())')
    expect(selected).toBe('vector-rollback start pgvector-search --path restore --reason "…"')
  })

  describe.each([390, 768, 1280, 1920])('at %d pixels', (width) => {
    test.each([
      'light',
      'dark',
    ] as const)('fits without scrolling sidewards, silently, in %s colours', async (colours) => {
      for (const [name, html] of Object.entries({ full, stuck })) {
        await using opened = await browser.open(html, { width, colours })
        expect(await sidewards(opened.page)).toBeLessThanOrEqual(0)
        expect(opened.complaints).toEqual([])
        if (name === 'full' && width < 1_900) await keepScreenshot(opened.page, `report-${width}-${colours}`)
      }
    })
  })

  test('follows the colours that the reader has set', async () => {
    const inColours = async (colours: 'light' | 'dark') => {
      await using opened = await browser.open(full, { colours })
      return await ground(opened.page)
    }
    expect(await inColours('light')).not.toBe(await inColours('dark'))
  })

  test('shows hostile values as text, runs nothing, and still fits', async () => {
    await using opened = await browser.open(renderHtml(hostileReport(), rollbackMachine), { width: 390 })
    const { page, complaints } = opened
    expect(await page.locator('script, img, main a:not([href^="#"])').count()).toBe(0)
    expect(await page.locator('.next').textContent()).toContain('<script>alert(1)</script>')
    expect(await sidewards(page)).toBeLessThanOrEqual(0)
    expect(complaints).toEqual([])
  })

  test('prints everything, folded parts too, on white', async () => {
    await using opened = await browser.open(renderDrillHtml(drillReport(), rollbackMachine), { colours: 'dark' })
    const { page } = opened
    const run = page.locator('details.run').first().getByRole('heading', { name: 'Checks' })
    expect(await run.isVisible()).toBe(false)
    await page.emulateMedia({ media: 'print' })
    expect(await run.isVisible()).toBe(true)
    expect(await ground(page)).toBe('rgb(255, 255, 255)')
  })

  test('a drill leads from its overview to each run', async () => {
    await using opened = await browser.open(renderDrillHtml(drillReport('stuck'), rollbackMachine))
    const { page, complaints } = opened
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Needs a human')
    const overview = page.getByRole('table', { name: 'In the order in which they ran' })
    expect(await overview.getByRole('row').count()).toBe(4)
    await keepScreenshot(page, 'drill')
    const run = page.locator('#run-3')
    expect(await run.isVisible()).toBe(false)
    await overview.getByRole('link', { name: 'Purge of what was retired' }).click()
    await run.waitFor({ state: 'visible' })
    expect(await run.locator('[data-state="Purge"]').getAttribute('data-status')).toBe('succeeded')
    expect(await sidewards(page)).toBeLessThanOrEqual(0)
    expect(complaints).toEqual([])
  })
})
