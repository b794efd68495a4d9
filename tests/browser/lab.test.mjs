// The lab page with the simulated laboratory 301 behind it: an experiment from the choice to the file, by keyboard alone; what is seen is what
// is on the disk.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { press, tabTo } from './keys.mjs'
import { Stage, until } from './stage.mjs'

let stage
before(async () => {
  stage = await new Stage({ room: 'lab-301', speed: 1 }).open()
})
after(() => stage.close())

const runs = () => JSON.parse(stage.lectern(['run', 'list', '--json'])).runs
const shown = (run) => JSON.parse(stage.lectern(['run', 'show', run, '--json']))

// A run of hot water with some samples, without the page.
async function recorded() {
  stage.lectern(['experiment', 'start', 'cooling', 'operator=Bình', 'class=10A1'])
  const run = JSON.parse(stage.lectern(['experiment', 'list', '--json'])).find((e) => e.experiment === 'cooling').run
  const there = () => runs().some((r) => r.run === run) && shown(run).channels.find((c) => c.channel === 'water').samples > 12
  await until(there, 'samples on the disk')
  stage.lectern(['experiment', 'stop', run])
  return run
}

test('an experiment is chosen, started, marked and stopped by keyboard, and is on the disk', async () => {
  const page = await stage.at('binh', '/lab', { width: 1440, height: 900 })
  await press(page, page.getByRole('button', { name: /Định luật làm nguội Newton/ }))
  await tabTo(page, page.getByRole('textbox', { name: /Người làm/ }))
  await page.keyboard.type('Trần Bình')
  await tabTo(page, page.getByRole('combobox', { name: /Lớp/ }))
  await page.keyboard.press('ArrowDown')
  await press(page, page.getByRole('button', { name: 'Bắt đầu đo' }))
  await page.getByRole('button', { name: 'Dừng', exact: true }).waitFor()
  await press(page, page.getByLabel('Ghi chú cho dấu'), 'k')
  await page.keyboard.type('huấy nước')
  await press(page, page.getByRole('button', { name: 'Đánh dấu' }))
  await page.getByText('Đã đánh dấu').first().waitFor()
  const run = runs()[0].run
  await until(() => shown(run).channels.find((c) => c.channel === 'water').samples > 8, 'samples on the disk')
  await press(page, page.getByRole('button', { name: 'Dừng', exact: true }))
  await page.getByText('Đã dừng').first().waitFor()
  const told = await until(() => {
    const s = shown(run)
    return s.state === 'stopped' && s
  }, 'the run to be stopped')
  assert.equal(told.lost, 0)
  assert.equal(told.principal, 'binh')
  assert.ok(told.marks.some((m) => m.text === 'khuấy nước'))
  assert.deepEqual(page.complaints, [])
})

test('what was recorded is analysed, shown as a table, and saved as a file', async () => {
  const run = await recorded()
  const page = await stage.at('binh', '/lab', { width: 1440, height: 900 })
  await page.getByRole('button', { name: /Định luật làm nguội Newton/ }).first().click()
  await page.getByRole('button', { name: 'Lần đo, phân tích' }).click()
  await page.locator('[role=tabpanel] li button').first().click()
  await page.getByRole('tab', { name: 'Phân tích' }).click()
  await page.getByRole('button', { name: 'Tính', exact: true }).click()
  await page.getByText('Trung bình').first().waitFor()
  for (const what of ['Khớp đường', 'Tiếp tuyến', 'Diện tích']) {
    await page.getByRole('radio', { name: what }).check({ force: true })
    if (what === 'Tiếp tuyến') await page.getByLabel('Tại thời điểm (giây)').fill('-1')
    await page.getByRole('button', { name: 'Tính', exact: true }).click()
    const results = page.locator('.lab-results')
    await results.or(page.locator('.lab-failed')).first().waitFor()
    assert.equal(await page.locator('.lab-failed').allTextContents().then(String), '', what)
    assert.match(await results.textContent(), /\d/, what)
  }

  await page.getByRole('button', { name: 'Bảng số' }).click()
  const table = page.getByRole('table').first()
  await table.waitFor()
  await until(async () => (await table.locator('tbody tr').count()) > 5, 'the rows')
  assert.match((await table.locator('tbody tr').nth(1).textContent()), /\d,\d/, 'decimal comma')

  await page.getByRole('tab', { name: 'Lần đo' }).click()
  await page.getByRole('button', { name: /Xuất dữ liệu của lần đo/ }).first().click()
  await page.getByRole('radio', { name: 'Excel (tiếng Việt)' }).check({ force: true })
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('dialog').getByRole('button', { name: /Tải|Lưu|Xuất/ }).first().click()])
  const text = readFileSync(await download.path(), 'utf8')
  const water = shown(run).channels.find((c) => c.channel === 'water').samples
  assert.ok(text.split('\n').filter((line) => line.includes('water') || line.includes('Nước')).length >= water, 'every sample is in the file')
  assert.deepEqual(page.complaints, [])
})
