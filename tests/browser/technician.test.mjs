// The technician page with the simulated room 201 behind it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Stage, until } from './stage.mjs'

let stage
before(async () => {
  stage = await new Stage().open()
})
after(() => stage.close())

const actual = (device, point) => JSON.parse(stage.simulate('state', device)).state[point]
const tab = (page, name) => page.getByRole('tab', { name })

async function unfold(page, device) {
  const row = page.locator(`[data-device="${device}"]`)
  await row.locator('.tech-toggle').click()
  await row.locator('.tech-points').waitFor()
  return row
}

// Writes the level of the sound by the page's dialog, which stays open.
async function writeLevel(page, text) {
  const row = await unfold(page, 'audio')
  await row.getByRole('button', { name: 'Ghi level', exact: true }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('textbox').fill(text)
  await dialog.getByText('Sẽ ghi audio.level').waitFor()
  await dialog.getByRole('button', { name: 'Thực hiện' }).click()
  await dialog.getByText('Đã xác nhận').or(dialog.getByText('Đã sẵn như vậy')).waitFor()
  return { row, dialog }
}

test('a point is written, and the dialog shows what was confirmed', async () => {
  const page = await stage.at('ky', '/technician')
  stage.lectern(['set', 'audio.level', '-20'])
  const { row, dialog } = await writeLevel(page, '-17,5')
  await dialog.getByText('Đã xác nhận').waitFor()
  await dialog.getByText('Giá trị bây giờ: −17,5').waitFor()
  assert.equal(actual('audio', 'level'), -17.5)
  await page.keyboard.press('Escape')
  await row.getByText('ky', { exact: true }).waitFor() // who changed it
  assert.deepEqual(page.complaints, [])
})

test('a value that stays the same gets younger each time it is read', async () => {
  const page = await stage.at('ky', '/technician')
  const row = await unfold(page, 'screen')
  const position = row.locator('.tech-points tbody tr').filter({ hasText: 'position' }).first()
  let oldest = 0
  await until(async () => {
    const age = Number((await position.textContent()).match(/(\d+) giây trước/)?.[1] ?? 0)
    oldest = Math.max(oldest, age)
    return age < oldest
  }, 'an age that falls')
})

test('what is no value of the point cannot be sent', async () => {
  const page = await stage.at('ky', '/technician')
  const row = await unfold(page, 'audio')
  await row.getByRole('button', { name: 'Ghi level', exact: true }).click()
  const dialog = page.getByRole('dialog')
  for (const wrong of ['', 'x', '999999', '1,2,3']) {
    await dialog.getByRole('textbox').fill(wrong)
    assert.equal(await dialog.getByRole('button', { name: 'Thực hiện' }).isDisabled(), true, wrong)
  }
})

test('bytes of a line are shown while they are wanted', async () => {
  const page = await stage.at('ky', '/technician')
  const row = await unfold(page, 'projector')
  await row.getByRole('button', { name: 'Xem dữ liệu trên dây' }).click()
  await row.getByRole('log').getByText('%1POWR ?').first().waitFor()
})

test('a fault raises an alarm, which is acknowledged, shelved, and clears when the fault is over', async () => {
  const page = await stage.at('ky', '/technician')
  stage.simulate('remote', 'projector', 'error.lamp', 'error')
  await tab(page, 'Cảnh báo').click()
  const alarm = page.locator('[data-alarm="projector.error.lamp"]')
  await alarm.waitFor({ timeout: 60_000 })
  await alarm.getByRole('button', { name: 'Đã biết' }).click()
  await page.getByRole('dialog').getByRole('textbox').fill('sẽ thay đèn')
  await page.getByRole('dialog').getByRole('button', { name: 'Đã biết' }).click()
  await alarm.getByText('ky đã nhận').waitFor()
  await alarm.getByText('sẽ thay đèn').waitFor()
  await alarm.getByRole('button', { name: 'Tạm gác' }).click()
  await page.getByRole('dialog').getByRole('textbox').fill('chờ đèn mới')
  await page.getByRole('dialog').getByRole('button', { name: 'Tạm gác' }).click()
  await alarm.getByRole('button', { name: 'Thôi gác' }).click()
  await alarm.getByRole('button', { name: 'Tạm gác' }).waitFor()
  stage.simulate('remote', 'projector', 'error.lamp', 'ok')
  await alarm.waitFor({ state: 'detached', timeout: 60_000 })
})

test('the journal is filtered by kind, device and person, and new entries come by themselves', async () => {
  const page = await stage.at('ky', '/technician')
  await writeLevel(page, '-25') // one command of ky
  await page.keyboard.press('Escape')
  await tab(page, 'Nhật ký').click()
  const rows = page.locator('.tech-journal tbody tr')
  await rows.first().waitFor()
  await page.getByLabel('Loại', { exact: true }).selectOption('command')
  await page.getByLabel('Người', { exact: true }).fill('ky')
  stage.lectern(['set', 'audio.level', '-30'])
  stage.lectern(['set', 'lights.rear', 'true'])
  await rows.filter({ hasText: /lệnh.*ky/ }).first().waitFor()
  for (const row of await rows.allTextContents()) assert.match(row, /lệnh.*ky/)
  await page.getByLabel('Người', { exact: true }).fill('')
  await until(async () => (await rows.first().textContent()).includes('lights.rear'), 'the newest entry first')
})

test('the simulator is told a fault, and the device shows it', async () => {
  const page = await stage.at('ky', '/technician')
  await tab(page, 'Mô phỏng').click()
  await page.getByLabel('Thiết bị', { exact: true }).selectOption('camera')
  await page.getByLabel('Lỗi', { exact: true }).selectOption('silence')
  await page.getByRole('button', { name: 'Giả lỗi' }).click()
  await page.getByRole('button', { name: 'Hết lỗi' }).click()
  await until(() => JSON.parse(stage.simulate('state', 'camera')).faults.length === 0, 'the fault to be over')
})

test('who may not look after devices does not find the page', async () => {
  const page = await stage.at('lan')
  await page.getByText('Đã kết nối').waitFor()
  assert.equal(await page.getByRole('link', { name: 'Kỹ thuật' }).count(), 0)
  await page.goto(`${stage.url}/r/${stage.roomName}/technician`)
  assert.equal(await page.getByRole('tab', { name: 'Nhật ký' }).count(), 0)
})
