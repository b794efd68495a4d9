// The plot under fingers, while data flow: two zoom, one pans, a long press selects; what the viewer has chosen to look at stays in view until
// they want the newest again.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Stage, passes, until } from './stage.mjs'

let stage
before(async () => {
  stage = await new Stage({ room: 'lab-301', speed: 1 }).open()
})
after(() => stage.close())

// Fingers on the plot: places in parts of its width, half way up.
async function fingers(page) {
  const cdp = await page.context().newCDPSession(page)
  const box = await page.locator('.lab-plot .u-over').boundingBox()
  const points = (parts) => parts.map((part, id) => ({ id, x: box.x + box.width * part, y: box.y + box.height / 2 }))
  const send = (type, parts) => cdp.send('Input.dispatchTouchEvent', { type, touchPoints: points(parts) })
  return {
    async drag(from, to, steps = 8) {
      await send('touchStart', from)
      for (let i = 1; i <= steps; i++) await send('touchMove', from.map((x, k) => x + ((to[k] - x) * i) / steps))
      await send('touchEnd', [])
    },
    down: (parts) => send('touchStart', parts),
    move: (parts) => send('touchMove', parts),
    up: () => send('touchEnd', []),
  }
}

const seconds = (text) => Number(text.replaceAll('.', '').replace('\u2212', '-').replace(',', '.'))
const when = (page) => page.locator('.lab-when').textContent()

// The time under a part of the plot's width: a tap puts the cursor there, and the page says where that is, at a pace that can be read: what it
// says counts when it has said the same for a while.
async function timeAt(page, touch, part) {
  await touch.drag([part], [part], 0)
  const text = await until(async () => {
    const said = await when(page)
    await passes(page, 200)
    const now = await when(page)
    return now === said && now.match(/[\u2212-]?[\d.]+,\d+/)?.[0]
  }, 'the cursor')
  return seconds(text)
}

async function stretch(page, touch) {
  const [from, to] = [await timeAt(page, touch, 0.1), await timeAt(page, touch, 0.9)]
  return { from, to, span: to - from }
}

const near = (a, b, span) => assert.ok(Math.abs(a - b) < span * 0.05, `${a} is not near ${b}`)

test('fingers zoom, pan and select while data flow, and the view stays where the viewer put it', async () => {
  const page = await stage.at('binh', '/lab', { width: 1440, height: 900, touch: true })
  await page.getByRole('button', { name: /Định luật làm nguội Newton/ }).first().tap()
  await page.getByRole('textbox', { name: /Người làm/ }).fill('Trần Bình')
  await page.getByRole('combobox', { name: /Lớp/ }).selectOption({ index: 1 })
  await page.getByRole('button', { name: 'Bắt đầu đo' }).tap()
  await page.getByRole('button', { name: 'Dừng', exact: true }).waitFor()
  const touch = await fingers(page)
  const whole = await stretch(page, touch)

  await touch.drag([0.45, 0.55], [0.1, 0.9]) // a tenth of it is spread over eight
  const near8 = await stretch(page, touch)
  near(near8.span, whole.span / 8, whole.span / 8)
  near(near8.from, whole.from + whole.span * 0.4375, whole.span / 8)

  await touch.drag([0.7], [0.3])
  const panned = await stretch(page, touch)
  near(panned.from, near8.from + near8.span / 2, near8.span)
  near(panned.span, near8.span, near8.span)

  const { run: id } = await until(() => { // it is on the disk once its trigger has come
    const list = JSON.parse(stage.lectern(['run', 'list', '--json']))
    return (list.runs ?? list)[0]
  }, 'the run on the disk')
  const samples = () => JSON.parse(stage.lectern(['run', 'show', id, '--json'])).channels.find((c) => c.channel === 'water').samples
  const had = samples()
  await until(() => samples() > had + 8, 'more samples')
  const later = await stretch(page, touch)
  near(later.from, panned.from, panned.span)
  near(later.to, panned.to, panned.span)

  await touch.down([0.3])
  await passes(page, 600) // a long press is one by its time
  await touch.move([0.6])
  await touch.up()
  await page.getByRole('tab', { name: 'Phân tích' }).tap()
  const [from, to] = (await page.getByRole('tabpanel').textContent()).match(/Đoạn chọn: ([\d.]+,\d+) đến ([\d.]+,\d+)/).slice(1).map(seconds)
  near(from, later.from + later.span * 0.25, later.span)
  near(to, later.from + later.span * 0.625, later.span)

  await page.getByRole('button', { name: 'Tất cả' }).tap()
  near((await stretch(page, await fingers(page))).span, whole.span, whole.span)
  assert.deepEqual(page.complaints, [])
})
