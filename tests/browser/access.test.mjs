// Every page, in both languages and both themes: nothing that axe finds, nothing clipped. By keyboard alone: keyboard-*.test.mjs.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { axe, Stage } from './stage.mjs'

let room, lab
before(async () => {
  room = await new Stage().open()
  lab = await new Stage({ room: 'lab-301', speed: 1 }).open()
})
after(async () => {
  await room.close()
  await lab.close()
})

const TABS = ['devices', 'alarms', 'journal', 'timetable', 'health', 'drivers', 'simulator']
// Each page: where, as whom, and how to see that it is there.
const PAGES = [
  { name: 'sign-in', stage: () => room, ready: (p) => p.getByRole('button', { name: 'Cô Nguyễn Thị Lan' }), path: '/sign-in' },
  { name: 'teacher', stage: () => room, who: 'lan', ready: (p) => p.locator('[data-scene]').first() },
  { name: 'lab', stage: () => lab, who: 'binh', path: '/lab', ready: (p) => p.locator('main button').first() },
  { name: 'technician', stage: () => room, who: 'ky', path: '/technician', ready: (p) => p.getByRole('tabpanel'), tabs: TABS.length },
]

async function open(entry, options) {
  const stage = entry.stage()
  if (!entry.who) {
    const page = await stage.page(options)
    await page.goto(`${stage.url}${entry.path}`)
    await entry.ready(page).first().waitFor()
    return page
  }
  const page = await stage.at(entry.who, entry.path ?? '', options)
  await entry.ready(page).waitFor()
  await page.locator('.top-link, header').first().waitFor()
  return page
}

for (const language of ['vi', 'en'])
  for (const theme of ['light', 'dark'])
    for (const entry of PAGES)
      test(`axe finds nothing: ${entry.name}, ${language}, ${theme}`, async () => {
        const page = await open(entry, { language, theme })
        for (let tab = 0; tab < (entry.tabs ?? 1); tab++) {
          if (entry.tabs) {
            await page.getByRole('tab').nth(tab).click()
            await page.getByText(language === 'vi' ? 'Đang tải…' : 'Loading…').waitFor({ state: 'detached' })
          }
          assert.deepEqual(await axe(page), [], entry.tabs ? TABS[tab] : '')
        }
        assert.deepEqual(page.complaints, [])
        await page.context().close()
      })

for (const entry of PAGES)
  test(`nothing is wider than the page: ${entry.name}`, async () => {
    const page = await open(entry)
    for (const width of [360, 768, 1280, 1920, 3840]) {
      await page.setViewportSize({ width, height: 900 })
      await entry.ready(page).first().waitFor()
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
      assert.ok(over <= 0, `${over} px too wide at ${width} px`)
    }
    await page.context().close()
  })

test('targets of the teacher are at least 48 px high, scenes legible from afar', async () => {
  const page = await open(PAGES[1], { width: 1280 })
  const small = await page.evaluate(() =>
    [...document.querySelectorAll('main button, main select, main [role=switch], main summary')]
      .filter((e) => e.getBoundingClientRect().height > 0 && e.getBoundingClientRect().height < 47.5)
      .map((e) => `${e.textContent.trim().slice(0, 30)}: ${e.getBoundingClientRect().height}`))
  assert.deepEqual(small, [])
  const size = await page.locator('.scene-name').first().evaluate((e) => parseFloat(getComputedStyle(e).fontSize))
  assert.ok(size >= 28, `${size} px`)
})
