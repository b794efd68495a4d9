// What stands around every page, by keyboard alone: signing in and out, the way to the content, the room's pages, language, theme, a panel paired.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fill, gets, has, press, radio, stays, tabTo } from './keys.mjs'
import { PEOPLE, Stage, until } from './stage.mjs'

let stage
before(async () => {
  stage = await new Stage().open()
})
after(() => stage.close())

const journal = (kind) => JSON.parse(stage.lectern(['journal', '--kind', kind, '--lines', '500', '--json'])).entries
const actual = (device, point) => JSON.parse(stage.simulate('state', device)).state[point]
const me = async (page) => (await page.context().request.get(`${stage.url}/api/me?room=${stage.roomName}`)).json()
const root = (page, name) => page.evaluate((n) => document.documentElement.getAttribute(n), name)
const menu = (page) => page.locator('.menu-button')

test('somebody signs in with a PIN', async () => {
  const page = await stage.page()
  await page.goto(`${stage.url}/r/${stage.roomName}`)
  const lan = page.getByRole('button', { name: PEOPLE.lan.label })
  await press(page, lan)
  await page.getByText(/PIN/).first().waitFor()
  await press(page, page.getByRole('button', { name: 'Quay lại' }))
  await press(page, lan, 'Space')
  await page.getByText(/PIN/).first().waitFor()
  await page.keyboard.type('0000')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').getByText(/Sai/).waitFor()
  await page.keyboard.type(PEOPLE.lan.secret)
  await page.keyboard.press('Enter')
  await page.locator('[data-scene]').first().waitFor()
  assert.equal((await me(page)).person.name, 'lan')
  await gets(page, page.getByRole('main'))
  assert.deepEqual(page.complaints, [])
})

test('the first Tab offers to skip to the content', async () => {
  const page = await stage.at('lan')
  await page.locator('[data-scene]').first().waitFor()
  await page.keyboard.press('Tab')
  await gets(page, page.getByRole('link', { name: 'Đến nội dung chính' }))
  await page.keyboard.press('Enter')
  await gets(page, page.getByRole('main'))
  await page.keyboard.press('Tab')
  assert.ok(await page.evaluate(() => document.querySelector('main').contains(document.activeElement)), 'the next Tab is in the content')
})

test('from page to page', async () => {
  const page = await stage.at('ky')
  for (const [name, path, there] of [
    ['Thí nghiệm', '/lab', page.getByText('Phòng này chưa có thí nghiệm nào.')],
    ['Kỹ thuật', '/technician', page.getByRole('tab', { name: 'Thiết bị' })],
    ['Lớp học', '', page.locator('[data-scene]').first()],
  ]) {
    const link = page.getByRole('navigation').getByRole('link', { name })
    await press(page, link, 'Enter', { back: await has(page, page.getByRole('navigation').getByRole('link', { name: 'Kỹ thuật' })) })
    await there.waitFor()
    assert.equal(new URL(page.url()).pathname, `/r/${stage.roomName}${path}`)
    assert.equal(await link.getAttribute('aria-current'), 'page')
    await gets(page, link)
  }
  assert.deepEqual(page.complaints, [])
})

test('language and theme are chosen, and remembered', async () => {
  const page = await stage.at('lan')
  await page.locator('[data-scene]').first().waitFor()
  await press(page, menu(page))
  await radio(page, page.locator('.menu-panel fieldset').first(), 'English')
  await until(async () => (await root(page, 'lang')) === 'en', 'English')
  await page.locator('[data-scene="lesson"]').getByText('Start lesson').waitFor()
  await radio(page, page.getByRole('group', { name: 'Appearance' }), 'Dark')
  await until(async () => (await root(page, 'data-theme')) === 'dark', 'the dark theme')
  await page.keyboard.press('Escape')
  await page.locator('.menu-panel').waitFor({ state: 'detached' })
  await gets(page, menu(page))
  assert.deepEqual(await page.evaluate(() => [localStorage.getItem('lectern.language'), localStorage.getItem('lectern.theme')]), ['en', 'dark'])
  assert.deepEqual(page.complaints, [])
})

test('somebody signs out, and is', async () => {
  const page = await stage.at('lan')
  await page.locator('[data-scene]').first().waitFor()
  const outs = () => journal('login').filter((e) => e.data.what === 'out' && e.data.person === 'lan').length
  const was = outs()
  assert.equal((await me(page)).person.name, 'lan')
  await press(page, menu(page), 'Space')
  await press(page, page.getByRole('button', { name: 'Đăng xuất' }))
  const lan = page.getByRole('main').getByRole('button', { name: PEOPLE.lan.label }) // the menu bears the name as well
  await lan.waitFor()
  assert.equal((await me(page)).person, null)
  await until(() => outs() > was, 'the journal to say so')
  await stays(page)
  await tabTo(page, lan)
})

test('a panel is paired with a code, and is the room', async () => {
  const page = await stage.page()
  await page.goto(`${stage.url}/sign-in`)
  await press(page, page.getByRole('button', { name: /Ghép bảng/ }))
  const code = page.getByRole('textbox', { name: /Mã ghép bảng/ })
  await gets(page, code)
  await page.keyboard.type('123')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').getByText('Mã có 8 chữ số.').waitFor()
  await fill(page, code, JSON.parse(stage.lectern(['user', 'pair', '--json'])).code)
  await page.keyboard.press('Enter')
  await page.locator('[data-scene]').first().waitFor()
  const { panels } = JSON.parse(stage.lectern(['user', 'list', '--json']))
  assert.equal(panels.length, 1)
  stage.lectern(['set', 'lights.rear', 'false'])
  await press(page, page.getByRole('switch', { name: 'Phía sau' }), 'Space')
  await until(() => actual('lights', 'rear') === true, 'the light that the panel switched')
  assert.equal((await me(page)).person.kiosk, true)

  // and somebody signs in there, and out again: the panel goes on as itself
  await press(page, menu(page), 'Enter', { back: true })
  await press(page, page.getByRole('link', { name: 'Đăng nhập bằng tên của bạn' }))
  await press(page, page.getByRole('button', { name: PEOPLE.lan.label }))
  await page.getByText(/PIN/).first().waitFor()
  await page.keyboard.type(PEOPLE.lan.secret)
  await page.keyboard.press('Enter')
  await page.locator('[data-scene]').first().waitFor()
  assert.equal((await me(page)).person.name, 'lan')
  await press(page, menu(page))
  await press(page, page.getByRole('button', { name: 'Đăng xuất' }))
  await until(async () => (await me(page)).person?.kiosk === true, 'the panel to be itself')
  await page.locator('[data-scene]').first().waitFor()
  assert.deepEqual(page.complaints, [])
})
