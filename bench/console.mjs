// The figures of the pages, measured in Debian's Chromium with the simulated room 201 behind them. Rows as of the other benchmarks:
// name, measured, must, ok or short. `bench/run console`; the last row takes three minutes (an hour of the room at 20 times speed), or the
// seconds given as argument.
import { Stage, until } from '../tests/browser/stage.mjs'

const HOUR_S = 180 // s: an hour of a room that is played 20 times as fast
const seconds = Number(process.argv[2] ?? HOUR_S)
let short = 0

function row(name, measured, must, ok, unit) {
  if (!ok) short++
  console.log(`${name.padEnd(44)} ${measured.padStart(10)}  ${must.padStart(10)}  ${ok ? 'ok' : 'short'}${unit ? `  (${unit})` : ''}`)
}

const sorted = (list) => [...list].sort((a, b) => a - b)
const quantile = (list, q) => sorted(list)[Math.min(list.length - 1, Math.ceil(q * list.length) - 1)]

// Bytes that the whole console takes over the wire, bodies as they are sent (compressed), counted by the browser.
async function transferred(stage) {
  const page = await stage.signedIn('lan')
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('Network.enable')
  await cdp.send('Network.setCacheDisabled', { cacheDisabled: true })
  await cdp.send('Network.setExtraHTTPHeaders', { headers: { 'Accept-Encoding': 'gzip' } })
  let bytes = 0
  const assets = new Set()
  cdp.on('Network.responseReceived', ({ requestId, response }) => {
    if (!new URL(response.url).pathname.startsWith('/api/') && response.status === 200) assets.add(requestId)
  })
  cdp.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (assets.has(requestId)) bytes += encodedDataLength
  })
  await page.goto(`${stage.url}/r/${stage.roomName}`)
  await page.locator('[data-scene]').first().waitFor()
  await page.waitForLoadState('networkidle')
  await page.context().close()
  return bytes
}

async function firstPaint(stage) {
  const page = await stage.signedIn('lan')
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: 6 })
  await page.goto(`${stage.url}/r/${stage.roomName}`)
  await page.locator('h1').first().waitFor()
  const ms = await until(() => page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime), 'the first paint')
  await page.context().close()
  return ms
}

// From the finger's event to the frame in which the page shows it: the event's own time stamp, and the frame after the change.
async function feedback(stage, taps) {
  const page = await stage.at('lan')
  await page.getByText('Đã kết nối').waitFor()
  await page.evaluate(() => {
    globalThis.taps = []
    addEventListener('pointerdown', (e) => {
      const button = e.target.closest('button')
      const before = button.outerHTML
      const began = e.timeStamp
      const look = () => {
        if (button.isConnected && button.outerHTML === before) requestAnimationFrame(look)
        else requestAnimationFrame((shown) => globalThis.taps.push(shown - began))
      }
      requestAnimationFrame(look)
    }, true)
  })
  const buttons = [page.locator('[data-scene="break"]'), page.getByRole('switch', { name: 'Phía trước' }), page.getByRole('switch', { name: 'Phía sau' })]
  for (let i = 0; i < taps; i++) {
    const button = buttons[i % buttons.length]
    await until(async () => (await button.getAttribute('aria-busy')) !== 'true', 'the button to be quiet')
    await button.click()
    await until(async () => (await page.evaluate(() => globalThis.taps.length)) > i, 'the feedback')
  }
  const measured = await page.evaluate(() => globalThis.taps)
  await page.context().close()
  return measured
}

// The heap after a collection, now and after a while of events.
async function growth(stage) {
  const page = await stage.at('lan')
  await page.getByText('Đã kết nối').waitFor()
  const cdp = await page.context().newCDPSession(page)
  const heap = async () => {
    for (let i = 0; i < 3; i++) await cdp.send('HeapProfiler.collectGarbage')
    return (await cdp.send('Runtime.getHeapUsage')).usedSize
  }
  const lesson = async () => {
    for (const scene of ['lesson', 'break', 'end-of-day']) {
      await page.locator(`[data-scene="${scene}"]`).click()
      await until(async () => (await page.locator(`[data-scene="${scene}"]`).getAttribute('aria-busy')) !== 'true', scene, 60_000)
    }
  }
  for (let i = 0; i < 3; i++) await lesson() // what is made once is made, and the runs that a page remembers are full
  const end = Date.now() + seconds * 1000
  const first = await heap()
  while (Date.now() < end) await lesson()
  const last = await heap()
  await page.context().close()
  return { first, last }
}

const stage = new Stage()
try {
  await stage.open()
  const bytes = await transferred(stage)
  row('teacher console, everything it loads, gzip', `${(bytes / 1000).toFixed(1)} kB`, '60 kB', bytes <= 60_000)
  const paints = []
  for (let i = 0; i < 7; i++) paints.push(await firstPaint(stage))
  row('first paint, CPU throttled 6 times', `${Math.round(quantile(paints, 0.5))} ms`, '1000 ms', quantile(paints, 0.5) < 1000, `median of 7, slowest ${Math.round(Math.max(...paints))} ms`)
  const taps = await feedback(stage, 60)
  row('tap to visible feedback, p95', `${Math.round(quantile(taps, 0.95))} ms`, '100 ms', quantile(taps, 0.95) < 100, `${taps.length} taps, median ${Math.round(quantile(taps, 0.5))} ms`)
  const { first, last } = await growth(stage)
  const percent = (last / first - 1) * 100
  row(`heap growth, ${Math.round(seconds / 3)} min of the room at 20x`, `${percent.toFixed(1)} %`, '5 %', percent < 5, `${(first / 1e6).toFixed(1)} to ${(last / 1e6).toFixed(1)} MB`)
} finally {
  await stage.close()
}
process.exit(short ? 1 : 0)
