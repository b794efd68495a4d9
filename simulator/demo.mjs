// A teacher and a laboratory assistant at the page, played in headless Chromium by simulator/demo --once: they sign in, start a lesson,
// record an experiment. Prints what the page said of it; whether that is true is asked elsewhere, not of the page.
//
//   node simulator/demo.mjs URL TEACHER PIN ASSISTANT PIN       names as on the tiles; $LECTERN_NPM has playwright-core
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'

const [url, teacher, teacherPin, assistant, assistantPin] = process.argv.slice(2)
const PATIENCE = 30_000 // ms for each step
const SAMPLES = 40 // of all four channels
const { chromium } = createRequire(join(resolve(process.env.LECTERN_NPM ?? 'build/browser'), 'package.json'))('playwright-core')
// as root Chromium starts only without its sandbox; all that it is shown is this demo's own page
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] })
const complaints = []

// A browser of their own, signed in as people do it: the tile, the PIN, Enter.
async function signIn(label, pin, path) {
  const context = await browser.newContext({ locale: 'vi-VN', viewport: { width: 1280, height: 800 } })
  const page = await context.newPage()
  page.setDefaultTimeout(PATIENCE)
  page.on('pageerror', (e) => complaints.push(e))
  await page.goto(`${url}${path}`)
  await page.getByRole('button', { name: label }).click()
  await page.locator('input[type=password]').fill(pin)
  await page.keyboard.press('Enter')
  return page
}

async function lesson() {
  const page = await signIn(teacher, teacherPin, '/r/phong-201')
  await page.locator('[data-scene=lesson]').click()
  const run = page.locator('section.run:not([data-state=running])').first()
  await run.waitFor()
  console.log(`${await run.locator('.run-title').textContent()}    (run ${await run.getAttribute('data-run')})`)
  if (!(await run.locator('.steps').isVisible())) await run.locator('summary').click()
  for (const step of await run.locator('.step').all())
    console.log(`  ${await step.locator('.step-what').textContent()}: ${await step.locator('.step-verdict').textContent()}`)
}

async function experiment() {
  const page = await signIn(assistant, assistantPin, '/r/lab-301/lab')
  await page.getByRole('button', { name: /^Định luật làm nguội Newton/ }).click()
  await page.locator('[data-field=operator] input').fill(assistant)
  await page.locator('[data-field=class] select').selectOption('10A2')
  await page.getByRole('button', { name: 'Bắt đầu đo' }).click()
  await page.waitForFunction((least) => Number(document.querySelector('.lab-counts strong')?.textContent.replace(/\D/g, '')) >= least, SAMPLES)
  await page.getByRole('button', { name: 'Đánh dấu' }).click()
  await page.getByRole('button', { name: 'Dừng', exact: true }).click()
  await page.locator('.lab-head').getByText('đã dừng').waitFor()
  console.log(`${await page.locator('.lab-head h2').textContent()}: ${(await page.locator('.lab-head-line').innerText()).replace(/\s+/g, ' ')}`)
}

try {
  await lesson()
  await experiment()
} finally {
  await browser.close()
}
for (const e of complaints) console.error(`the page broke: ${e.stack ?? e}`)
process.exitCode = complaints.length ? 1 : 0
