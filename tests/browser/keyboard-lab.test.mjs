// The lab page by keyboard alone: an experiment made, predicted, recorded and marked; what was recorded is looked at, computed, compared, taken
// home and deleted. What the page says is held against what is on the disk.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { fill, gets, has, opensAndCloses, press, radio, stays, tab, tabTo } from './keys.mjs'
import { Stage, passes, until } from './stage.mjs'

let stage, room, first, second
before(async () => {
  room = Stage.text('lab-301', (text) => `${text}
[experiment pull]
label = Lực kéo
channel force = arduino.force, rate 100Hz, label "Lực", decimals 3
duration = 1s
`)
  stage = await new Stage({ room: 'lab-301', file: room.file, speed: 1 }).open()
  first = record()
  second = record()
})
after(async () => {
  await stage?.close()
  room.done()
})

const runs = () => JSON.parse(stage.lectern(['run', 'list', '--json'])).runs
const shown = (run) => JSON.parse(stage.lectern(['run', 'show', run, '--json']))
const experiments = () => JSON.parse(stage.lectern(['experiment', 'list', '--json']))

// A run of the experiment, all of it, without the page.
function record() {
  stage.lectern(['experiment', 'start', 'pull', '--watch'])
  return runs()[0].run
}

// Its samples as they are on the disk: [{t, v}].
const samples = (run) =>
  stage.lectern(['run', 'export', run, '--format', 'csv', '--shape', 'long', '--output', '-']).split('\n')
    .map((line) => line.split(',')).filter((cells) => cells[5] === 'good').map(([t, , , v]) => ({ t: Number(t), v: Number(v) }))

const seconds = (text) => Number(text.replaceAll('.', '').replace('\u2212', '-').replace(',', '.'))
const numbers = (text) => [...text.matchAll(/[\u2212-]?\d[\d.]*(?:,\d+)?/g)].map(([x]) => seconds(x))
const plot = (page) => page.getByRole('application')
// What is very small or large is shown with a power of ten: -3,197·10⁻⁵.
const power = (text) => Number((text.match(/·10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)/)?.[1] ?? '⁰').replace(/./g, (c) => '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'.indexOf(c) ? '⁰¹²³⁴⁵⁶⁷⁸⁹'.indexOf(c) : '-'))
const result = async (page, name) => {
  const text = await page.locator('.lab-results div').filter({ hasText: name }).locator('dd').textContent()
  return numbers(text)[0] * 10 ** power(text)
}
const row = (page, run) => page.locator('.lab-run').nth(runs().filter((r) => r.experiment === 'pull').findIndex((r) => r.run === run))

// The experiment chosen and the list of its runs unfolded.
async function open(run) {
  const page = await stage.at('binh', '/lab', { width: 1440, height: 900 })
  await press(page, page.getByRole('button', { name: /Lực kéo/ }))
  await press(page, page.getByRole('button', { name: 'Lần đo, phân tích' }))
  await gets(page, page.getByRole('tab', { name: 'Lần đo' }))
  if (run) {
    await press(page, row(page, run).locator('.lab-run-button'))
    await plot(page).waitFor()
  }
  return page
}

// The time at the cursor, once the page says the same for a while by its own clock: it follows at a pace that can be read.
async function cursor(page) {
  const text = await until(async () => {
    const said = await page.locator('.lab-when').textContent()
    await passes(page, 150)
    const now = await page.locator('.lab-when').textContent()
    return now === said && now.match(/[\u2212-]?[\d.]*\d,\d+/)?.[0]
  }, 'the cursor')
  return seconds(text)
}

async function compute(page, what) {
  await radio(page, page.getByRole('group', { name: 'Tính' }), what)
  await press(page, page.getByRole('button', { name: 'Tính', exact: true }))
  await page.locator('.lab-results').or(page.locator('.lab-failed')).first().waitFor()
  assert.equal(await page.locator('.lab-failed').count(), 0, what)
}

test('an experiment is made of sensors, predicted, recorded, marked, stopped and deleted', async () => {
  const page = await stage.at('binh', '/lab', { width: 1440, height: 900 })
  const make = page.getByRole('button', { name: 'Tạo mới' })
  await opensAndCloses(page, make)
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog')
  const save = dialog.getByRole('button', { name: 'Tạo thí nghiệm' })
  await press(page, save)
  await dialog.getByText('Hãy đặt tên cho thí nghiệm.').waitFor()
  await fill(page, dialog.getByRole('textbox', { name: 'Tên thí nghiệm' }), 'Kéo lò xo')
  await press(page, dialog.getByRole('button', { name: /\(N\)/ }), 'Space')
  await radio(page, dialog.getByRole('group', { name: 'Lấy mẫu' }), 'đều theo thời gian')
  await fill(page, dialog.getByRole('textbox', { name: 'Tốc độ' }), '20')
  await press(page, save)
  await dialog.waitFor({ state: 'detached' })
  const made = experiments().find((e) => e.label.vi === 'Kéo lò xo')
  assert.deepEqual(made.channels.map((c) => [c.target, c.rate_hz]), [['arduino.force', 20]])
  await gets(page, make)

  const type = page.getByRole('button', { name: 'Nhập điểm' })
  await opensAndCloses(page, type)
  await page.keyboard.press('Enter')
  await fill(page, dialog.getByRole('textbox'), '0; 1,5\n60; 2')
  await press(page, dialog.getByRole('button', { name: 'Dùng các điểm này' }))
  await gets(page, type)
  await plot(page).waitFor()
  await page.keyboard.press('Enter')
  assert.equal(await dialog.getByRole('textbox').inputValue(), '0; 1,5\n60; 2')
  await page.keyboard.press('Escape')

  await press(page, page.getByRole('button', { name: 'Bắt đầu đo' }))
  const stop = page.getByRole('button', { name: 'Dừng', exact: true })
  await stop.waitFor()
  await stays(page)
  const [{ run }] = runs()
  await fill(page, page.getByLabel('Ghi chú cho dấu'), 'thả')
  await page.keyboard.press('Enter')
  await until(() => shown(run).marks.some((m) => m.text === 'thả' && m.by === 'binh'), 'the mark')
  await until(() => shown(run).channels[0].samples > 10, 'samples')
  await press(page, stop)
  await until(() => shown(run).state === 'stopped', 'the run to be stopped')
  await press(page, page.getByRole('button', { name: 'Đo lần nữa' }), 'Enter', { back: true })
  await stays(page)

  const forget = page.getByRole('button', { name: 'Xóa thí nghiệm Kéo lò xo' })
  await tabTo(page, forget, { back: true })
  await opensAndCloses(page, forget)
  await page.keyboard.press('Enter')
  await press(page, dialog.getByRole('button', { name: 'Xóa' }))
  await until(() => experiments().every((e) => e.experiment !== made.experiment), 'the experiment to be gone')
  await stays(page)
  assert.deepEqual(page.complaints, [])
})

test('the plot is zoomed, moved and read, and is a table', async () => {
  const page = await open(first)
  await tabTo(page, plot(page))
  const span = async () => {
    const at = await cursor(page)
    for (let i = 0; i < 10; i++) await page.keyboard.press('.')
    const [to] = await until(async () => { const t = await cursor(page); return t !== at && [t] }, 'the cursor to move')
    for (let i = 0; i < 10; i++) await page.keyboard.press(',')
    await until(async () => Math.abs((await cursor(page)) - at) < 0.011, 'the cursor to be back')
    return (to - at) * 10
  }
  await page.keyboard.press('.')
  const whole = await span()
  assert.ok(Math.abs(whole - samples(first).at(-1).t) < 0.15, `${whole} s are shown`)
  const all = page.getByRole('button', { name: 'Tất cả', exact: true })
  assert.equal(await all.getAttribute('aria-pressed'), 'true')
  for (let i = 0; i < 3; i++) await page.keyboard.press('+')
  const part = await span()
  assert.ok(part < whole / 2, `${part} s of ${whole} s after zooming in`)
  assert.equal(await all.getAttribute('aria-pressed'), 'false')
  const was = await cursor(page)
  await page.keyboard.press('ArrowRight')
  await until(async () => (await cursor(page)) > was, 'the view to move')
  await page.keyboard.press('a')
  await until(async () => (await all.getAttribute('aria-pressed')) === 'true', 'the whole run')

  await page.keyboard.press('b')
  const table = page.getByRole('region', { name: /Các mẫu của/ })
  await gets(page, table)
  const values = async () => (await table.locator('tbody tr td').allTextContents()).map(seconds)
  const recorded = samples(first).map((s) => s.v)
  await until(async () => (await values())[0] === recorded[0], 'the first value')
  await page.keyboard.press('End')
  await until(async () => (await values()).at(-1) === recorded.at(-1), 'the last value')
  await page.keyboard.press('b')
  await gets(page, plot(page))
  assert.deepEqual(page.complaints, [])
})

test('a stretch is selected, and statistics, fit, tangent and area are those of its samples', async () => {
  const page = await open(first)
  await tabTo(page, plot(page))
  for (let i = 0; i < 30; i++) await page.keyboard.press('Shift+ArrowRight')
  await page.getByText(/Đoạn chọn:/).waitFor()
  await until(() => has(page, plot(page)), 'the focus to stay on the plot')
  await until(async () => numbers(await page.locator('.lab-selection').textContent())[1] > 0.75, 'the whole selection')
  const [from, to] = numbers(await page.locator('.lab-selection').textContent())
  const inside = samples(first).filter((s) => s.t >= from && s.t <= to)
  const mean = inside.reduce((sum, s) => sum + s.v, 0) / inside.length
  await page.getByText('Trung bình').waitFor() // the statistics of a selection come by themselves
  const close = (a, b, by, what) => assert.ok(Math.abs(a - b) <= by, `${what}: ${a}, but ${b}`)
  await until(async () => Math.abs((await result(page, 'Trung bình')) - mean) < 0.01, 'the mean of the selection')
  close(numbers(await page.locator('.lab-analysis [aria-live] .quiet').first().textContent())[0], inside.length, 2, 'samples')
  await compute(page, 'Khớp đường')
  close(await result(page, 'Sai lệch'), 0, 0.1, 'a straight line through what hardly changes')
  await compute(page, 'Tiếp tuyến')
  close(await result(page, 'Giá trị'), mean, 0.1, 'the value in the middle')
  await compute(page, 'Diện tích')
  const area = await result(page, 'Diện tích')
  close(area / (await result(page, 'Phần được tính')), mean, 0.05, 'area by time')
  await tabTo(page, plot(page), { back: true })
  await page.keyboard.press('Escape')
  await page.getByText(/Cả lần đo/).waitFor()
  assert.deepEqual(page.complaints, [])
})

test('two runs are laid over each other and compared', async () => {
  const page = await open(first)
  const over = row(page, second).getByRole('button', { name: 'So sánh' })
  await press(page, over, 'Space')
  const compared = page.getByRole('list', { name: 'Các lần đo được so sánh' })
  await compared.waitFor()
  assert.equal(await over.getAttribute('aria-pressed'), 'true')
  await tab(page, 'Phân tích')
  await radio(page, page.getByRole('group', { name: 'Tính' }), 'So sánh')
  const other = page.getByLabel('Với lần đo')
  await tabTo(page, other)
  await page.keyboard.press('ArrowDown')
  const run = await until(() => other.inputValue(), 'a run to be chosen')
  await press(page, page.getByRole('button', { name: 'Tính', exact: true }))
  await page.getByText('Chênh trung bình').waitFor()
  const difference = await result(page, 'Chênh trung bình')
  // over the time that both have: how long each was recorded is up to the machine
  const [a, b] = [samples(first), samples(run)]
  const at = (t) => {
    const k = b.findIndex((s) => s.t >= t)
    return k < 1 ? (b[0].t === t ? b[0].v : null) : b[k - 1].v + ((b[k].v - b[k - 1].v) * (t - b[k - 1].t)) / (b[k].t - b[k - 1].t)
  }
  const apart = a.map(({ t, v }) => [v, at(t)]).filter(([, w]) => w !== null).map(([v, w]) => v - w)
  const mean = apart.reduce((sum, d) => sum + d, 0) / apart.length
  assert.ok(apart.length > 3 && Math.abs(Math.abs(difference) - Math.abs(mean)) < 0.05 + Math.abs(mean) * 0.02, `${difference}, not ${mean}`)
  await press(page, compared.getByRole('button', { name: 'Thôi so sánh' }), 'Enter', { back: true })
  await compared.waitFor({ state: 'detached' })
  await stays(page)
  await press(page, page.getByRole('button', { name: 'Thu gọn' }))
  await gets(page, page.getByRole('button', { name: 'Lần đo, phân tích' }))
  assert.deepEqual(page.complaints, [])
})

test('a run is exported', async () => {
  const page = await open()
  const save = row(page, first).getByRole('button', { name: /Xuất dữ liệu/ })
  await opensAndCloses(page, save)
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog')
  await radio(page, dialog.getByRole('group', { name: 'Định dạng' }), 'CSV quốc tế')
  await dialog.getByRole('region', { name: 'Những dòng đầu' }).waitFor()
  const coming = page.waitForEvent('download')
  await press(page, dialog.getByRole('button', { name: 'Tải về' }))
  const text = readFileSync(await (await coming).path(), 'utf8')
  const rows = text.split('\n').filter((line) => /^\d/.test(line))
  assert.ok(rows.length >= samples(first).length, `${rows.length} lines`)
  assert.ok(shown(first).exported > 0, 'the room knows that it was taken home')
  await page.keyboard.press('Escape')
  await gets(page, save)
  assert.deepEqual(page.complaints, [])
})

test('a run is deleted, and only when it is meant', async () => {
  const run = record()
  const page = await open()
  const remove = row(page, run).getByRole('button', { name: /Xóa lần đo/ })
  await press(page, remove)
  const dialog = page.getByRole('dialog')
  await press(page, dialog.getByRole('button', { name: 'Hủy' }), 'Space')
  await gets(page, remove)
  assert.ok(runs().some((r) => r.run === run))
  await page.keyboard.press('Enter')
  await press(page, dialog.getByRole('button', { name: 'Xóa' }))
  await until(() => runs().every((r) => r.run !== run), 'the run to be gone')
  await dialog.waitFor({ state: 'detached' })
  await stays(page)
  assert.deepEqual(page.complaints, [])
})
