// The lab page while 8 channels of 1 kHz flow and 30 s of them (240,000 points) are visible: how far apart frames are, how much of a core
// the page takes, how its memory grows. $LECTERN_BUILD has the pages, $LECTERN_NPM playwright-core, as for tests/browser.
// A row as of the other benchmarks, with the rest in brackets; with --picture FILE also what it looked like.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const here = dirname(fileURLToPath(import.meta.url))
const pages = join(resolve(process.env.LECTERN_BUILD ?? join(here, '../build/release')), 'share/lectern/web')
const { chromium } = createRequire(join(resolve(process.env.LECTERN_NPM ?? join(here, '../build/browser')), 'package.json'))('playwright-core')
const { values: args } = parseArgs({
  options: { picture: { type: 'string' }, width: { type: 'string', default: '1280' }, height: { type: 'string', default: '800' }, theme: { type: 'string', default: 'light' }, warm: { type: 'string', default: '32' }, seconds: { type: 'string', default: '10' } },
})
const MUST_MS = 33 // two frames of 60 a second
const TYPES = { js: 'text/javascript', css: 'text/css' }
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--enable-precise-memory-info', '--js-flags=--expose-gc'] })
try {
  const page = await browser.newPage({ viewport: { width: Number(args.width), height: Number(args.height) }, colorScheme: args.theme })
  page.setDefaultTimeout(60_000)
  await page.addInitScript({ path: join(here, 'browser/lab-gateway.js') })
  await page.route('**/*', (route) => {
    const { pathname } = new URL(route.request().url())
    const file = join(pages, pathname)
    if (pathname.startsWith('/api/me'))
      return route.fulfill({ json: { person: { name: 'lan', label: 'Lan', role: 'lab', kiosk: false }, rooms: [{ room: 'bench', label: { vi: 'Phòng đo' }, state: 'running' }], people: [], csrf: 'x' } })
    if (pathname.startsWith('/assets/') && existsSync(file)) return route.fulfill({ body: readFileSync(file), contentType: TYPES[file.split('.').pop()] })
    return route.fulfill({ body: readFileSync(join(pages, 'index.html')), contentType: 'text/html' })
  })
  const cdp = await page.context().newCDPSession(page)
  await page.goto('http://lab.bench/r/bench/lab')
  await page.click('.lab-start-button')
  await page.waitForSelector('.lab-running')
  await page.waitForTimeout(Number(args.warm) * 1000)
  // what the page's thread itself computes, whoever else has the processor: frame_cpu is the work for one picture
  const events = []
  cdp.on('Tracing.dataCollected', ({ value }) => events.push(...value.filter((e) => e.ph === 'X' && e.tdur)))
  await cdp.send('Tracing.start', { categories: 'devtools.timeline,disabled-by-default-devtools.timeline,cc' })
  const state = () => page.evaluate(() => (globalThis.gc?.(), performance.memory.usedJSHeapSize))
  const before = await state()
  const began = Date.now()
  const frames = await page.evaluate(
    (ms) =>
      new Promise((done) => {
        const list = []
        let last = performance.now()
        const end = last + ms
        const frame = () => {
          const now = performance.now()
          list.push(now - last)
          last = now
          if (now < end) requestAnimationFrame(frame)
          else done(list.sort((a, b) => a - b))
        }
        requestAnimationFrame(frame)
      }),
    Number(args.seconds) * 1000,
  )
  const seconds = (Date.now() - began) / 1000
  const after = await state()
  const traced = new Promise((done) => cdp.once('Tracing.tracingComplete', done))
  await cdp.send('Tracing.end')
  await traced
  const pictures = events.filter((e) => e.name === 'ProxyMain::BeginMainFrame')
  const own = events.filter((e) => e.name === 'RunTask' && e.pid === pictures[0]?.pid && e.tid === pictures[0]?.tid)
  const work = pictures.map((e) => e.tdur / 1000).sort((a, b) => a - b)
  const at = (p) => Number(frames[Math.min(frames.length - 1, Math.floor(frames.length * p))].toFixed(1))
  if (args.picture) await page.screenshot({ path: args.picture })
  const points = await page.evaluate(() => Math.min(globalThis.labGateway.sent, 240000))
  const work95 = (work[Math.floor(work.length * 0.95)] ?? 0).toFixed(1)
  const core = (own.reduce((sum, e) => sum + e.tdur, 0) / 1e4 / seconds).toFixed(1)
  const ok = at(0.95) <= MUST_MS && points >= 100_000
  console.log(`${'lab plot, 8 channels of 1 kHz, frame p95'.padEnd(44)} ${`${at(0.95)} ms`.padStart(10)}  ${`${MUST_MS} ms`.padStart(10)}  ${ok ? 'ok' : 'short'}  ` +
    `(${points} points visible; p50 ${at(0.5)} ms, work for a picture p95 ${work95} ms, ${core} % of a core, heap ${(after / 1e6).toFixed(1)} MB)`)
  process.exitCode = ok ? 0 : 1
} finally {
  await browser.close()
}
