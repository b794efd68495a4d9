// Each page as a person sees it, with the simulated rooms behind it: it must come up whole and without a complaint. What was seen is written to
// docs/pictures/, which README.md and docs/console.md show: `node --test tests/browser/pictures.mjs` after a change of a page's looks.
import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { smaller } from './png.mjs'
import { PEOPLE, ROOT, Stage, until } from './stage.mjs'

const PICTURES = join(ROOT, 'docs/pictures')
const LARGEST = 100_000 // bytes of a picture: they are kept in the repository
const MINUTE = 60_000
process.env.TZ = 'Asia/Ho_Chi_Minh' // the rooms' time, as the browser's

let room, lab, files
before(async () => {
  files = withLessonNow()
  room = await new Stage({ file: join(files, 'phong-201.ini'), speed: 8 }).open()
  for (const scene of ['lesson', 'video', 'break', 'end-of-day']) room.lectern(['scene', 'start', scene, '--wait']) // it learns how long they take
  lab = await new Stage({ room: 'lab-301', speed: 1 }).open()
})
after(async () => {
  await room?.close()
  await lab?.close()
  rmSync(files, { recursive: true, force: true })
})

// Room 201 as shipped, but with a lesson under way whatever the day.
function withLessonNow() {
  const folder = mkdtempSync(join(tmpdir(), 'lectern-pictures-'))
  const stamp = (ms) => new Date(ms).toISOString().replace(/[-:]|\.\d+/g, '')
  const begun = Date.now() - 12 * MINUTE
  cpSync(join(ROOT, 'profiles/rooms/phong-201.ini'), join(folder, 'phong-201.ini'))
  writeFileSync(join(folder, 'ngay-nghi.ics'), ['BEGIN:VCALENDAR', 'VERSION:2.0', 'END:VCALENDAR', ''].join('\r\n'))
  writeFileSync(join(folder, 'phong-201.ics'), ['BEGIN:VCALENDAR', 'VERSION:2.0', 'BEGIN:VEVENT', 'UID:now@phong-201', 'SUMMARY:Tiết 3 (sáng)',
    `DTSTART:${stamp(begun)}`, `DTEND:${stamp(begun + 45 * MINUTE)}`, 'END:VEVENT', 'END:VCALENDAR', ''].join('\r\n'))
  return folder
}

// Looks at the page as it is, and keeps the picture.
async function draw(page, name) {
  await page.evaluate(() => document.fonts.ready)
  const png = smaller(await page.screenshot({ animations: 'disabled' }))
  assert.deepEqual(page.complaints, [])
  assert.ok(png.length < LARGEST, `${name} has ${png.length} bytes`)
  assert.equal(await page.getByText('Đang tải').or(page.getByText('Loading')).count(), 0, 'it has come up')
  mkdirSync(PICTURES, { recursive: true })
  writeFileSync(join(PICTURES, `${name}.png`), png)
}

const teacher = async (options) => {
  const page = await room.at('lan', '', options)
  await page.locator('[data-scene]').first().waitFor()
  await page.getByText('°C').first().waitFor()
  return page
}

test('sign-in: the people as tiles, then the pad', async () => {
  const page = await room.page()
  await page.goto(`${room.url}/sign-in`)
  await page.getByRole('button', { name: PEOPLE.lan.label }).waitFor()
  await draw(page, 'sign-in')
  await page.getByRole('button', { name: PEOPLE.lan.label }).click()
  await page.getByRole('group').getByRole('button', { name: '5' }).waitFor()
  await draw(page, 'pin')
})

test('teacher: a room that waits', async () => {
  await draw(await teacher(), 'teacher-idle')
})

test('teacher: a lesson begins', async () => {
  const page = await teacher()
  await page.locator('[data-scene="lesson"]').click()
  await until(async () => (await page.locator('[data-step][data-state="confirmed"]').count()) >= 4, 'some steps to be done')
  await draw(page, 'teacher')
  await until(async () => (await page.locator('section.run').first().getAttribute('data-state')) === 'done', 'the lesson')
})

test('teacher: dark, and on a phone, with the room as it is during a lesson', async () => {
  const dark = await teacher({ theme: 'dark' })
  await draw(dark, 'teacher-dark')
  const phone = await teacher({ width: 360, height: 740, touch: true })
  await draw(phone, 'phone')
})

test('teacher: English', async () => {
  await draw(await teacher({ language: 'en' }), 'english')
})

test('teacher: a device has failed', async () => {
  const page = await teacher()
  room.simulate('fault', 'projector', 'silence')
  try {
    await page.getByText('mất kết nối').first().waitFor({ timeout: 60_000 })
    await page.locator('section.run').first().getByRole('button', { name: 'Đóng' }).click()
    await draw(page, 'fault')
  } finally {
    room.simulate('clear', 'projector')
  }
})

test('technician: devices with their points, and alarms', async () => {
  const page = await room.at('ky', '/technician', { height: 1000 })
  const projector = page.locator('[data-device="projector"].is-online .tech-doubts')
  await until(async () => (await projector.count()) === 1 && (await projector.textContent()) === '', 'the projector to be back', 60_000)
  const row = page.locator('[data-device="lights"]')
  await row.locator('.tech-toggle').click()
  await row.locator('.tech-points').waitFor()
  await draw(page, 'devices')
  room.simulate('remote', 'projector', 'error.lamp', 'error')
  room.simulate('remote', 'projector', 'error.filter', 'warning')
  try {
    await page.getByRole('tab', { name: 'Cảnh báo' }).click()
    await page.locator('[data-alarm="projector.error.lamp"]').waitFor({ timeout: 60_000 })
    const filter = page.locator('[data-alarm="projector.error.filter"]')
    await filter.waitFor({ timeout: 60_000 })
    await filter.getByRole('button', { name: 'Đã biết' }).click()
    await page.getByRole('dialog').getByRole('textbox').fill('thứ bảy vệ sinh')
    await page.getByRole('dialog').getByRole('button', { name: 'Đã biết' }).click()
    await filter.getByText('thứ bảy vệ sinh').waitFor()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await draw(page, 'alarms')
  } finally {
    room.simulate('remote', 'projector', 'error.lamp', 'ok')
    room.simulate('remote', 'projector', 'error.filter', 'ok')
  }
})

test('lab: before a run, while the curve grows, and what is computed of it', async () => {
  const page = await lab.at('binh', '/lab')
  await page.getByRole('button', { name: /^Con lắc đơn/ }).click()
  await page.locator('[data-field="operator"] input').fill('Lan')
  await page.locator('[data-field="length"] input').fill('1,00')
  await draw(page, 'lab-start')
  await page.getByRole('button', { name: 'Bắt đầu đo' }).click()
  for (const channel of ['Lực căng dây', 'Lực căng (làm trơn)']) await page.getByRole('button', { name: channel }).click() // one sensor is enough to look at
  const samples = async () => Number((await page.locator('.lab-counts strong').textContent()).replace(/\D/g, ''))
  await until(async () => (await page.locator('.lab-counts').count()) === 1 && (await samples()) >= 3500, 'samples', 60_000)
  await draw(page, 'lab')
  await page.locator('.lab-stop').click()
  await page.getByText('đã dừng').first().waitFor()
  await page.locator('.lab-view [tabindex="0"]').first().focus()
  for (let i = 0; i < 30; i++) await page.keyboard.press('Shift+ArrowLeft')
  await page.locator('.lab-results').waitFor()
  await draw(page, 'lab-statistics')
})
