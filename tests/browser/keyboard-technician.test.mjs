// The technician page by keyboard alone: what a key did is asked of the simulator and of the room.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { choose, fill, gets, opensAndCloses, press, radio, stays, tab, tabTo } from './keys.mjs'
import { Stage, until } from './stage.mjs'

// A lesson each day, so that there is one to skip, whatever the date.
const DAILY = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:test', 'BEGIN:VEVENT', 'UID:daily', 'SUMMARY:Tiết 1', 'DTSTART:20260101T070000Z',
  'DTEND:20260101T074500Z', 'RRULE:FREQ=DAILY', 'END:VEVENT', 'END:VCALENDAR', ''].join('\r\n')

let stage, room
before(async () => {
  room = Stage.text('phong-201', (text) => text.replace(/\[timetable\][^]*/, '[timetable]\nfile = daily.ics\n'), { 'daily.ics': DAILY })
  stage = await new Stage({ file: room.file, speed: 60 }).open()
})
after(async () => {
  await stage?.close()
  room.done()
})

const sim = (device) => JSON.parse(stage.simulate('state', device))
const told = (...args) => JSON.parse(stage.lectern([...args, '--json']))
const journal = (kind) => told('journal', '--kind', kind, '--lines', '500').entries

test('a device is searched without marks and unfolded, a point is written', async () => {
  const page = await stage.at('ky', '/technician')
  await fill(page, page.getByRole('searchbox', { name: 'Tìm' }), 'am thanh')
  const devices = page.locator('[data-device]')
  await until(async () => (await devices.count()) === 1, 'one device')
  const row = page.locator('[data-device="audio"]')
  const fold = row.locator('.tech-toggle')
  await press(page, fold)
  assert.equal(await fold.getAttribute('aria-expanded'), 'true')
  const write = row.getByRole('button', { name: 'Ghi level', exact: true })
  await opensAndCloses(page, write)
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog')
  await fill(page, dialog.getByRole('textbox'), '-999')
  await page.keyboard.press('Enter') // what is no value is not sent
  await dialog.getByText(/Không phải giá trị dùng được/).waitFor()
  await fill(page, dialog.getByRole('textbox'), '-17,5')
  await page.keyboard.press('Enter')
  await dialog.getByText('Đã xác nhận').waitFor()
  assert.equal(sim('audio').state.level, -17.5)
  assert.ok(journal('command').some((e) => e.principal === 'ky' && e.device === 'audio'))
  await press(page, dialog.getByRole('button', { name: 'Đóng' }).last())
  await gets(page, write)
  await press(page, fold, 'Space', { back: true })
  assert.equal(await fold.getAttribute('aria-expanded'), 'false')
  await choose(page, page.getByLabel('Hiện', { exact: true }), 'away', { back: true })
  await page.getByText('Không có gì.').waitFor()
  assert.deepEqual(page.complaints, [])
})

test('an alarm is acknowledged, shelved and taken back', async () => {
  stage.simulate('remote', 'projector', 'error.filter', 'warning')
  const page = await stage.at('ky', '/technician')
  await page.getByRole('tab', { name: 'Cảnh báo' }).waitFor()
  await tab(page, /Cảnh báo/)
  const name = 'projector.error.filter'
  const known = () => told('alarm', 'list')
  const row = page.locator(`[data-alarm="${name}"]`)
  await row.waitFor()
  const ack = row.getByRole('button', { name: 'Đã biết' })
  await opensAndCloses(page, ack)
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog')
  await fill(page, dialog.getByRole('textbox'), 'mai thay')
  await page.keyboard.press('Enter')
  const seen = await until(() => known().alarms.find((a) => a.alarm === name && a.state === 'acknowledged'), 'the room to know')
  assert.deepEqual([seen.by, seen.note], ['ky', 'mai thay'])
  await ack.waitFor({ state: 'detached' })
  await gets(page, row) // its button is gone

  await press(page, row.getByRole('button', { name: 'Tạm gác' }))
  await radio(page, dialog.getByRole('group'), '8 giờ')
  await fill(page, dialog.getByRole('textbox'), 'chờ lọc mới')
  await press(page, dialog.getByRole('button', { name: 'Tạm gác' }))
  const put = await until(() => known().shelved.find((a) => a.alarm === name), 'the alarm on the shelf')
  assert.ok(put.shelved_until / 1000 - Date.now() > 7.9 * 3_600_000)
  const back = row.getByRole('button', { name: 'Thôi gác' })
  await back.waitFor()
  await stays(page)
  await press(page, back)
  await until(() => known().shelved.every((a) => a.alarm !== name), 'the alarm back')
  await stays(page)

  await press(page, page.locator('summary').filter({ hasText: 'Các quy tắc' }))
  const rules = page.getByRole('table', { name: 'Các quy tắc' })
  await rules.waitFor()
  assert.equal(await rules.locator('tbody tr').count(), known().rules.length)
  stage.simulate('remote', 'projector', 'error.filter', 'ok')
  assert.deepEqual(page.complaints, [])
})

test('the journal is filtered by kind, device, person and time', async () => {
  stage.lectern(['set', 'lights.rear', 'true'])
  stage.lectern(['set', 'audio.level', '-30'])
  stage.lectern(['set', 'audio.level', '-31'])
  const page = await stage.at('ky', '/technician')
  await tab(page, 'Nhật ký')
  const rows = page.locator('.tech-journal tbody tr')
  await choose(page, page.getByLabel('Loại', { exact: true }), 'command')
  await choose(page, page.getByLabel('Thiết bị', { exact: true }), 'audio')
  const those = journal('command').filter((e) => e.device === 'audio')
  await until(async () => (await rows.count()) === those.length && (await rows.allTextContents()).every((x) => x.includes('audio.level')), `${those.length} entries`)
  const person = page.getByLabel('Người', { exact: true })
  await fill(page, person, 'nobody')
  await page.getByText('Không có gì.').waitFor()
  await fill(page, person, those[0].principal)
  await until(async () => (await rows.count()) === those.filter((e) => e.principal === those[0].principal).length, 'those of one person')
  // a day in the past, typed part by part as the browser's field takes it
  const before = page.getByLabel('Đến trước')
  await tabTo(page, before)
  for (const part of ['01', '01', '2001']) await page.keyboard.type(part)
  await page.keyboard.press('Tab')
  for (const part of ['01', '00']) await page.keyboard.type(part)
  if (!(await before.inputValue())) await page.keyboard.type('AM')
  assert.match(await before.inputValue(), /^2001-01-01T/)
  await page.getByText('Không có gì.').waitFor()
  assert.deepEqual(page.complaints, [])
})

test('options of a driver are looked up', async () => {
  const page = await stage.at('ky', '/technician')
  await tab(page, 'Trình điều khiển')
  const driver = told('driver', 'list').find((d) => d.options?.length > 3)
  await press(page, page.locator('summary').filter({ has: page.getByText(driver.name, { exact: true }) }), 'Space')
  const table = page.getByRole('region', { name: `Tùy chọn của ${driver.name}` })
  await tabTo(page, table) // what may be wider than the page can be scrolled
  assert.deepEqual(await table.locator('tbody th').allTextContents(), driver.options.map((o) => o.name))
})

test('a fault is simulated and ended, a line is unplugged and plugged', async () => {
  const page = await stage.at('ky', '/technician')
  await tab(page, 'Mô phỏng')
  await choose(page, page.getByLabel('Thiết bị', { exact: true }), 'camera')
  await choose(page, page.getByLabel('Lỗi', { exact: true }), 'silence')
  await press(page, page.getByRole('button', { name: 'Giả lỗi' }))
  await until(() => sim('camera').faults.length === 1, 'the fault')
  const row = page.getByRole('row').filter({ hasText: 'camera' })
  await press(page, row.getByRole('button', { name: 'Hết lỗi' }))
  await until(() => sim('camera').faults.length === 0, 'the fault to be over')
  await row.getByRole('button', { name: 'Hết lỗi' }).waitFor({ state: 'detached' })
  await stays(page)
  await press(page, row.getByRole('button', { name: 'Rút dây' }))
  await until(() => sim('camera').plugged === false, 'the line to be unplugged')
  await press(page, row.getByRole('button', { name: 'Cắm lại' }))
  await until(() => sim('camera').plugged === true, 'the line to be plugged')
  assert.deepEqual(page.complaints, [])
})

test('a lesson is skipped, a line is listened to', async () => {
  const page = await stage.at('ky', '/technician')
  const row = page.locator('[data-device="projector"]')
  await press(page, row.locator('.tech-toggle'))
  const bytes = row.getByRole('button', { name: 'Xem dữ liệu trên dây' })
  await press(page, bytes)
  await row.getByRole('log').getByText('%1POWR ?').first().waitFor()
  await tabTo(page, row.getByRole('log'))
  await press(page, bytes, 'Enter', { back: true })
  await row.getByRole('log').waitFor({ state: 'detached' })

  await press(page, page.getByRole('tab', { selected: true }), 'End', { back: true })
  await tab(page, 'Thời khóa biểu')
  await radio(page, page.getByRole('group', { name: 'Xem' }), '7 ngày')
  await press(page, page.getByRole('button', { name: 'Bỏ qua' }))
  await until(() => journal('timetable').some((e) => e.principal === 'ky' && JSON.stringify(e).includes('skip')), 'the lesson to be skipped')
  await stays(page)
  assert.deepEqual(page.complaints, [])
})
