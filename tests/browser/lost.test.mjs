// What a page does when the daemon, the gateway or the network goes away: it says so, keeps the last picture in grey, and comes back by itself.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { PATIENCE, Stage, until } from './stage.mjs'

let stage
before(async () => {
  stage = await new Stage().open()
})
after(() => stage.close())

const LOST = 'Những gì bạn thấy là hình ảnh cũ'
const lost = (page) => page.getByText(LOST)
const grey = (page) => page.evaluate(() => document.documentElement.classList.contains('room-lost'))

async function console_(options) {
  const page = await stage.at('lan', '', options)
  await page.getByText('Đã kết nối').waitFor()
  await page.getByText('26').or(page.getByText('°C')).first().waitFor()
  page.loads = 0
  page.on('framenavigated', () => page.loads++)
  return page
}

test('the daemon is killed and started again while the page is open', async () => {
  const page = await console_()
  await stage.daemon.end('SIGKILL')
  await lost(page).waitFor()
  assert.equal(await grey(page), true)
  assert.ok((await page.locator('section.card').count()) > 5, 'the last picture stays')
  assert.equal(await page.locator('[data-scene]:enabled').count(), 0, 'nothing is offered that cannot be done')
  await stage.startDaemon()
  await lost(page).waitFor({ state: 'detached' })
  assert.equal(await grey(page), false)
  assert.equal(page.loads, 0, 'without a reload')
  await page.locator('[data-scene="break"]').click()
  const state = () => page.locator('section.run').first().getAttribute('data-state')
  await until(async () => ['done', 'partly'].includes(await state()), 'a scene afterwards')
  assert.deepEqual(page.complaints, [])
})

test('the gateway is restarted: people stay signed in', async () => {
  const page = await console_()
  await stage.gateway.end()
  await lost(page).waitFor()
  await stage.startGateway()
  await lost(page).waitFor({ state: 'detached' })
  await page.getByText('Cô Nguyễn Thị Lan').waitFor()
  assert.equal(page.loads, 0)
})

test('the network is cut for 30 s, without a word to either end', async () => {
  const page = await console_()
  stage.network.pull()
  const cut = Date.now()
  await lost(page).waitFor({ timeout: 2 * PATIENCE }) // by itself; 12 s at most, on a machine that has nothing else to do
  stage.lectern(['set', 'lights.board', 'true'])
  await until(() => Date.now() - cut >= 30_000, '30 s', 60_000) // the cut itself is what is tested
  assert.equal(await lost(page).count(), 1)
  stage.network.plug()
  await lost(page).waitFor({ state: 'detached', timeout: 2 * PATIENCE })
  const board = page.getByRole('switch', { name: 'Đèn bảng' })
  await until(async () => (await board.getAttribute('aria-checked')) === 'true', 'the value of now')
  assert.equal(page.loads, 0)
})

// In under 3 s, usually: it waits for no turn of its own, which tests/pages/link.test.mjs shows by the page's clock.
test('a page that wakes is current again', async () => {
  const page = await console_()
  await page.context().setOffline(true)
  await page.evaluate(() => dispatchEvent(new Event('offline')))
  await lost(page).waitFor({ timeout: 2 * PATIENCE })
  stage.lectern(['set', 'lights.board', 'false'])
  await page.context().setOffline(false)
  await page.evaluate(() => {
    dispatchEvent(new Event('online'))
    document.dispatchEvent(new Event('visibilitychange'))
  })
  await lost(page).waitFor({ state: 'detached' })
  await until(async () => (await page.getByRole('switch', { name: 'Đèn bảng' }).getAttribute('aria-checked')) === 'false', 'the value of now')
})
