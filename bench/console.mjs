// The figures of the pages, measured in Debian's Chromium with the simulated room 201 behind them. Rows as of the other benchmarks:
// name, measured, must, ok or short. `bench/run console`; the last rows take five minutes (100 minutes of the room at 20 times speed, the last 60
// of which count), or what the seconds given as argument say instead of those 60 minutes' 180.
import { Stage, until } from '../tests/browser/stage.mjs'

const HOUR_S = 180 // s: an hour of a room that is played 20 times as fast
const seconds = Number(process.argv[2] ?? HOUR_S)
const warm = (seconds * 2) / 3
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

// What the page itself keeps, in bytes: objects, arrays, texts and functions of a heap snapshot, without what V8 makes of the program (machine
// code and what belongs to it, which grows for as long as V8 finds functions worth compiling) and without what the browser draws with.
async function own(cdp) {
  const parts = []
  const take = ({ chunk }) => parts.push(chunk)
  cdp.on('HeapProfiler.addHeapSnapshotChunk', take)
  await cdp.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false })
  cdp.off('HeapProfiler.addHeapSnapshotChunk', take)
  const { snapshot: { meta }, nodes } = JSON.parse(parts.join(''))
  const [type, size] = ['type', 'self_size'].map((field) => meta.node_fields.indexOf(field))
  const others = new Set(['code', 'native', 'hidden', 'synthetic'].map((name) => meta.node_types[type].indexOf(name)))
  let bytes = 0
  for (let i = 0; i < nodes.length; i += meta.node_fields.length) if (!others.has(nodes[i + type])) bytes += nodes[i + size]
  return bytes
}

// The whole heap after a collection. One that meets a compilation at work leaves what that holds (0.8 MB), so the least of five counts.
async function heap(cdp) {
  let least = Infinity
  for (let i = 0; i < 5; i++) {
    for (let k = 0; k < 3; k++) await cdp.send('HeapProfiler.collectGarbage')
    least = Math.min(least, (await cdp.send('Runtime.getHeapUsage')).usedSize)
    await new Promise((next) => setTimeout(next, 400))
  }
  return least
}

// Both, now and after an hour of lessons. Before that the room is played for so long that the page remembers all that it ever will, and V8 has
// compiled most of what it will compile: in the first hour that is half a megabyte, in the second 0.1.
async function growth(stage) {
  const page = await stage.at('lan')
  await page.getByText('Đã kết nối').waitFor()
  const cdp = await page.context().newCDPSession(page)
  const lessons = async (s) => {
    for (const end = Date.now() + s * 1000; Date.now() < end; ) {
      for (const scene of ['lesson', 'break', 'end-of-day']) {
        await page.locator(`[data-scene="${scene}"]`).click()
        await until(async () => (await page.locator(`[data-scene="${scene}"]`).getAttribute('aria-busy')) !== 'true', scene, 60_000)
      }
    }
  }
  await lessons(warm)
  const first = { all: await heap(cdp), own: await own(cdp) }
  await lessons(seconds)
  const last = { all: await heap(cdp), own: await own(cdp) }
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
  for (const [what, name] of [['all', 'heap growth'], ['own', 'of it what the page keeps']]) {
    const percent = (last[what] / first[what] - 1) * 100
    row(`${name}, ${Math.round(seconds / 3)} min of the room at 20x`, `${percent.toFixed(1)} %`, '5 %', percent < 5, `${(first[what] / 1e6).toFixed(2)} to ${(last[what] / 1e6).toFixed(2)} MB`)
  }
} finally {
  await stage.close()
}
process.exit(short ? 1 : 0)
