// The teacher console by keyboard alone: what a key did is asked of the simulated devices and of the room, not of the page.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { choose, gets, opensAndCloses, press, stays, tabTo } from './keys.mjs'
import { Stage, until } from './stage.mjs'

// The room lives in a place on earth where it is noon, so that its closing time is today, some minutes from now.
const hours = 12 - new Date().getUTCHours()
const noon = new Date(Date.now() + hours * 3_600_000)
const closing = new Date(noon.getTime() + 7 * 60_000).toISOString().slice(11, 16)

let stage, room
before(async () => {
  room = Stage.text('phong-201', (text) => text.replace(/\[timetable\][^]*/, `
[scene reading]
label = Đọc sách
step front = lights.front true
step quiet = audio.audio_mute true

[timetable]
file    = none.ics
closing = ${closing} end-of-day
`), { 'none.ics': 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:test\r\nEND:VCALENDAR\r\n' })
  stage = new Stage({ file: room.file, speed: 60 })
  stage.env.TZ = `ROOM${hours >= 0 ? '-' : '+'}${Math.abs(hours)}`
  await stage.open()
})
after(async () => {
  await stage?.close()
  room.done()
})

const actual = (device, point) => JSON.parse(stage.simulate('state', device)).state[point]
const journal = (kind) => JSON.parse(stage.lectern(['journal', '--kind', kind, '--lines', '500', '--json'])).entries
const scene = (page, name) => page.locator(`[data-scene="${name}"]`)
const lastRun = (page, name) => page.locator(`section.run[aria-label="${name}"]`).first()
const state = (run) => run.getAttribute('data-state')
const card = (page, device) => page.locator(`[data-device="${device}"]`)
const set = (target, value) => stage.lectern(['set', target, String(value)])

test('the room is kept open longer', async () => {
  const page = await stage.at('lan')
  const extended = () => JSON.parse(stage.lectern(['timetable', '--json'])).closing.extended_ms ?? 0
  const was = extended()
  const more = page.getByRole('button', { name: /Dùng thêm/ })
  await press(page, more)
  await until(() => extended() > was, 'more time')
  await more.waitFor({ state: 'detached' })
  await gets(page, page.getByRole('main')) // the warning had the focus, and is gone
  assert.deepEqual(page.complaints, [])
})

test('a scene is stopped while it runs', async () => {
  const page = await stage.at('lan')
  set('projector.power', 'on')
  set('screen.position', 'down')
  stage.simulate('speed', '1') // a projector that cools down for a minute can be stopped in time
  try {
    await press(page, scene(page, 'end-of-day'))
    const run = lastRun(page, 'Kết thúc ngày')
    await press(page, run.getByRole('button', { name: 'Dừng lại' }))
    await until(async () => (await state(run)) === 'cancelled', 'the run to be stopped')
    await gets(page, run) // its button is gone
    const [ended] = journal('scene').filter((e) => e.name === 'end-of-day' && e.data.what === 'ended').slice(-1)
    assert.equal(ended.data.verdict ?? ended.data.state, 'cancelled')
    assert.equal(actual('screen', 'position'), 'down', 'what had not begun is not done')
    await press(page, run.getByRole('button', { name: 'Đóng' }))
    await run.waitFor({ state: 'detached' })
    await stays(page)
  } finally {
    stage.simulate('speed', '60')
  }
  assert.deepEqual(page.complaints, [])
})

test('what a scene changed is put back', async () => {
  const page = await stage.at('lan')
  set('lights.front', false)
  set('audio.audio_mute', false)
  await press(page, scene(page, 'reading'), 'Space')
  const run = lastRun(page, 'Đọc sách')
  await until(async () => (await state(run)) === 'done', 'the scene')
  assert.equal(actual('lights', 'front'), true)
  assert.equal(actual('audio', 'audio_mute'), true)
  const steps = run.locator('summary')
  const open = run.locator('details')
  const was = await open.getAttribute('open')
  await press(page, steps)
  await until(async () => (await open.getAttribute('open')) !== was, 'the steps to fold')
  await press(page, run.getByRole('button', { name: 'Hoàn tác' }))
  await until(() => actual('lights', 'front') === false && actual('audio', 'audio_mute') === false, 'all to be as before')
  assert.deepEqual(page.complaints, [])
})

test('volume, source, blank and freeze are set', async () => {
  const page = await stage.at('lan')
  set('projector.power', 'on')
  set('projector.input', 'hdmi1')
  set('projector.picture_mute', false)
  const projector = card(page, 'projector')
  await choose(page, projector.getByRole('combobox'), 'hdmi2')
  await until(() => actual('projector', 'input') === 'hdmi2', 'the source')
  await press(page, projector.getByRole('button', { name: 'Tắt hình' }), 'Space')
  await until(() => actual('projector', 'picture_mute') === true, 'the blank picture')
  await press(page, projector.getByRole('button', { name: 'Dừng hình' }))
  await until(() => actual('projector', 'freeze') === true, 'the frozen picture')
  await press(page, projector.getByRole('button', { name: 'Tắt hình' }), 'Enter', { back: true })
  await until(() => actual('projector', 'picture_mute') === false, 'the picture')

  const level = card(page, 'audio').getByRole('slider').first()
  await tabTo(page, level)
  await page.keyboard.press('Home')
  await until(async () => actual('audio', 'level') === Number(await level.getAttribute('min')), 'the softest')
  for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowRight')
  const wanted = Number(await level.inputValue())
  await until(() => Math.abs(actual('audio', 'level') - wanted) < 0.01, `the level to be ${wanted}`)
  assert.deepEqual(page.complaints, [])
})

test('screen, lights and camera do as they are told', async () => {
  const page = await stage.at('lan')
  set('screen.position', 'up')
  set('camera.power', 'on')
  set('lights.rear', false)
  const screen = card(page, 'screen')
  await press(page, card(page, 'lights').getByRole('switch', { name: 'Phía sau' }), 'Space')
  await until(() => actual('lights', 'rear') === true, 'the light')
  await press(page, screen.getByRole('button', { name: 'Hạ' }))
  await until(() => actual('screen', 'position') === 'down', 'the screen to be down')
  await press(page, screen.getByRole('button', { name: 'Nâng' }), 'Enter', { back: true })
  await press(page, screen.getByRole('button', { name: 'Dừng' }))
  await until(() => ['stopped', 'up'].includes(actual('screen', 'position')), 'the screen to stop')
  const asked = () => journal('command').filter((e) => e.device === 'camera' && e.principal === 'lan')
  await press(page, card(page, 'camera').getByRole('button', { name: 'Góc 2' }))
  const [preset] = await until(() => asked().length > 0 && asked(), 'the preset to be asked for')
  assert.equal(preset.name ?? preset.data.target, 'preset.recall')
  assert.deepEqual(page.complaints, [])
})

test('a device in trouble says what to try, and help is called', async () => {
  const page = await stage.at('lan')
  stage.simulate('unplug', 'display')
  try {
    const fault = card(page, 'display').getByRole('group', { name: /Sự cố/ })
    await fault.waitFor()
    assert.match(await fault.textContent(), /Thử:/)
    await press(page, fault.locator('summary'))
    await fault.locator('.code').waitFor()
    const call = fault.getByRole('button', { name: 'Gọi hỗ trợ' })
    await tabTo(page, call, { back: true })
    await opensAndCloses(page, call)
    await page.keyboard.press('Enter')
    await gets(page, page.getByRole('dialog').getByRole('textbox'))
    await page.keyboard.type('màn hình không lên')
    await page.keyboard.press('Enter')
    const alarm = await until(() => JSON.parse(stage.lectern(['alarm', 'list', '--json'])).alarms.find((a) => a.alarm === 'help'), 'the alarm')
    assert.equal(alarm.device, 'display')
    const [help] = journal('help').slice(-1)
    assert.deepEqual([help.principal, help.device], ['lan', 'display'])
    assert.match(JSON.stringify(help.data), /màn hình không lên/)
    await fault.getByText(/Đã gọi hỗ trợ lúc/).waitFor()
    await gets(page, card(page, 'display')) // the button has become a sentence
  } finally {
    stage.simulate('plug', 'display')
  }
  assert.deepEqual(page.complaints, [])
})
