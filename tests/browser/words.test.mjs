// What a person reads when something is not as planned: in Vietnamese, and with what to do.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Stage, until } from './stage.mjs'

let room, lab
before(async () => {
  room = await new Stage().open()
  lab = await new Stage({ room: 'lab-301', speed: 1 }).open()
})
after(async () => {
  await room.close()
  await lab.close()
})

test('a page whose session ended elsewhere says so, and what to do', async () => {
  const page = await room.at('lan')
  await page.getByText('Đã kết nối').waitFor()
  const out = await page.context().request.post(`${room.url}/api/sign-out`, { headers: { Origin: room.url }, data: {} })
  assert.ok(out.ok())
  await page.getByText('Phiên đăng nhập của bạn đã kết thúc').waitFor()
  await page.getByText('Hãy đăng nhập lại để tiếp tục.').waitFor()
  await page.getByRole('button', { name: 'Cô Nguyễn Thị Lan' }).waitFor()
  assert.equal(await page.locator('.person-tile', { hasText: 'Cô Nguyễn Thị Lan' }).locator('.avatar').textContent(), 'NL')
  assert.deepEqual(page.complaints, [])
})

test('who signs out herself is told nothing about it', async () => {
  const page = await room.at('lan')
  await page.getByText('Đã kết nối').waitFor()
  await page.getByRole('button', { name: /Cô Nguyễn Thị Lan/ }).click()
  await page.getByRole('button', { name: 'Đăng xuất' }).click()
  await page.getByRole('heading', { name: 'Bạn là ai?' }).waitFor()
  await page.getByRole('button', { name: 'Cô Nguyễn Thị Lan' }).waitFor()
  assert.equal(await page.getByText('Phiên đăng nhập').count(), 0)
})

test('the page follows the theme of the system, without a reload', async () => {
  const page = await room.at('lan')
  await page.getByText('Đã kết nối').waitFor()
  await page.getByRole('button', { name: /Cô Nguyễn Thị Lan/ }).click()
  await page.getByRole('radio', { name: 'Theo máy' }).check()
  const seen = () => page.evaluate(() => [document.documentElement.dataset.theme, getComputedStyle(document.body).backgroundColor, getComputedStyle(document.documentElement).colorScheme])
  const light = await seen()
  assert.deepEqual([light[0], light[2]], ['light', 'light'])
  await page.emulateMedia({ colorScheme: 'dark' })
  await until(async () => (await seen())[0] === 'dark', 'the dark page')
  const dark = await seen()
  assert.notEqual(dark[1], light[1])
  assert.equal(dark[2], 'dark')
})

test('the first picture already has the theme of the system', async () => {
  const page = await room.signedIn('lan', { theme: 'dark' })
  await page.addInitScript(() => {
    localStorage.removeItem('lectern.theme')
    // the modules have not run when the parser meets the body
    new MutationObserver((list, watch) => {
      if (!document.body) return
      globalThis.early = document.documentElement.dataset.theme
      watch.disconnect()
    }).observe(document, { childList: true, subtree: true })
  })
  await page.goto(`${room.url}/r/${room.roomName}`)
  await page.getByText('Đã kết nối').waitFor()
  assert.equal(await page.evaluate(() => globalThis.early), 'dark')
})

test('the school has its name', async () => {
  const page = await room.at('lan')
  await page.getByText('Trường THPT Lê Quý Đôn').waitFor()
})

test('why a lesson is skipped is told in Vietnamese, the words of the room are in the tooltip', async () => {
  const page = await room.at('ky', '/technician')
  await page.getByRole('tab', { name: 'Thời khóa biểu' }).click()
  await page.getByRole('radio', { name: '7 ngày' }).check()
  await page.getByRole('button', { name: 'Bỏ qua' }).last().click()
  const why = page.getByText('ky đã cho bỏ qua.')
  await why.waitFor()
  assert.equal(await why.getAttribute('title'), 'skipped by ky')
  await page.getByRole('tab', { name: 'Nhật ký' }).click()
  await page.getByLabel('Loại', { exact: true }).selectOption('timetable')
  const entry = page.locator('.tech-journal tbody tr').first()
  await until(async () => /bỏ qua/.test(await entry.textContent()), 'the entry')
  assert.match(await entry.locator('td, th').last().locator('[title]').getAttribute('title'), /what: skipped/)
})

test('a scene in the journal is told by its name, with its verdict in words', async () => {
  room.lectern(['scene', 'start', 'break'])
  const page = await room.at('ky', '/technician')
  await page.getByRole('tab', { name: 'Nhật ký' }).click()
  await page.getByLabel('Loại', { exact: true }).selectOption('scene')
  await page.getByText(/^Kịch bản Giải lao kết thúc: (xong|xong một phần)$/).first().waitFor()
})

test('a formula that cannot be right is told before it is sent, and in Vietnamese when the room finds it', async () => {
  const page = await lab.at('binh', '/lab')
  await page.getByRole('button', { name: 'Tạo mới' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Tên thí nghiệm').fill('Thử công thức')
  await dialog.locator('.lab-sensor-points button').first().click()
  const name = await dialog.locator('.lab-picked-name').first().textContent()
  await dialog.getByRole('button', { name: 'Thêm công thức' }).click()
  const formula = dialog.getByLabel('Công thức', { exact: true })
  const save = dialog.getByRole('button', { name: 'Tạo thí nghiệm' })
  await formula.fill('nhiet + 1')
  await save.click()
  await dialog.getByText('“nhiet” không phải là kênh đứng trước hay hàm.').waitFor()
  assert.ok(!lab.lectern(['experiment', 'list', '--json']).includes('thu-cong-thuc'), 'it was not sent')
  await formula.fill(`(${name}`)
  await save.click()
  await dialog.getByText(/thiếu phép tính hoặc dấu "\)"/).waitFor()
  await formula.fill(`${name} * 2`)
  await save.click()
  await dialog.waitFor({ state: 'detached' })
  assert.ok(lab.lectern(['experiment', 'list', '--json']).includes('thu-cong-thuc'))
  assert.deepEqual(page.complaints, [])
})
