// The teacher console with the simulated room 201 behind it: what a teacher presses comes true at the simulated devices, and the page
// says so, no sooner.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Stage, until } from './stage.mjs'

let stage
before(async () => {
  stage = await new Stage().open()
})
after(() => stage.close())

const scene = (page, name) => page.locator(`[data-scene="${name}"]`)
const lastRun = (page, name) => page.locator(`section.run[aria-label="${name}"]`).first()
const journal = (kind) => JSON.parse(stage.lectern(['journal', '--kind', kind, '--lines', '500', '--json'])).entries
// The value of a point by the simulator's own account.
const actual = (device, point) => JSON.parse(stage.simulate('state', device)).state[point]

test('a lesson is started, unfolds, says when teaching may begin, and is true at the devices', async () => {
  const page = await stage.at('lan')
  await scene(page, 'lesson').click()
  await scene(page, 'lesson').getByText('đang chạy').waitFor()
  const run = lastRun(page, 'Bắt đầu tiết học')
  await run.locator('[data-step="projector-on"]').waitFor()
  await run.getByText('Có thể bắt đầu dạy').or(run.locator('[data-state="done"]')).or(run.getByText(': xong')).first().waitFor()
  await until(async () => (await run.getAttribute('data-state')) === 'done', 'the run to be done')
  assert.equal(await run.locator('[data-step]').count(), 10)
  for (const state of await run.locator('[data-step]').evaluateAll((all) => all.map((e) => e.dataset.state)))
    assert.ok(['confirmed', 'already', 'accepted'].includes(state), state)
  assert.equal(actual('projector', 'power'), 'on')
  assert.equal(actual('screen', 'position'), 'down')
  assert.deepEqual(page.complaints, [])
})

test('pressed twice, a scene runs once', async () => {
  const page = await stage.at('lan')
  const runs = () => journal('scene').filter((e) => e.data.what === 'started' && e.name === 'video').length
  const before = runs()
  await scene(page, 'video').dblclick()
  await until(async () => (await lastRun(page, 'Chiếu phim').getAttribute('data-state')) === 'done', 'the run')
  assert.equal(runs() - before, 1)
})

test('a run is stopped, and what was changed is put back', async () => {
  const page = await stage.at('lan')
  await scene(page, 'break').click()
  const pause = lastRun(page, 'Giải lao')
  await until(async () => (await pause.getAttribute('data-state')) === 'done', 'the break')
  await until(() => actual('lights', 'front') === true, 'the lights')
  await pause.getByRole('button', { name: 'Hoàn tác' }).click()
  await until(() => actual('lights', 'front') === false, 'the lights to go back')

  stage.lectern(['set', 'projector.power', 'on'])
  stage.simulate('speed', '1') // a projector that cools down for a minute can be stopped in time
  await scene(page, 'end-of-day').click()
  const evening = lastRun(page, 'Kết thúc ngày')
  await evening.getByRole('button', { name: 'Dừng lại' }).click()
  await until(async () => (await evening.getAttribute('data-state')) === 'cancelled', 'the run to be cancelled')
  await evening.getByText('Kết thúc ngày: đã dừng').waitFor()
  stage.simulate('speed', '20')
})

test('a device that fails during a scene costs itself, is named with one thing to try, and help can be called', async () => {
  const page = await stage.at('lan')
  await scene(page, 'end-of-day').click()
  await until(async () => ['done', 'partly'].includes(await lastRun(page, 'Kết thúc ngày').getAttribute('data-state')), 'the end of the day')
  stage.simulate('fault', 'board', 'silence')
  try {
    await scene(page, 'lesson').click()
    const run = lastRun(page, 'Bắt đầu tiết học')
    await until(async () => (await run.getAttribute('data-state')) === 'partly', 'the run to end', 60_000)
    await run.getByText(/xong, trừ .*[Bb]ảng/).waitFor()
    assert.equal(actual('projector', 'power'), 'on', 'the rest of the room is ready')
    const card = page.getByRole('region', { name: /Bảng tương tác/ }).first()
    await card.getByText('mất kết nối').first().waitFor()
    await card.getByText('Bật công tắc').waitFor()
    await card.getByRole('button', { name: 'Gọi hỗ trợ' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Gọi', exact: true }).click()
    await page.getByText('Đã gọi hỗ trợ').first().waitFor()
    const [help] = journal('help').slice(-1)
    assert.equal(help.principal, 'lan')
    assert.equal(help.device, 'board')
  } finally {
    stage.simulate('clear', 'board')
  }
  await page.getByRole('region', { name: /Bảng tương tác/ }).first().getByText('mất kết nối').waitFor({ state: 'detached', timeout: 60_000 })
  assert.deepEqual(page.complaints, [])
})

test('sound is set by a slider and the device has it', async () => {
  const page = await stage.at('lan')
  const slider = page.getByRole('slider', { name: 'Âm lượng' }).last()
  await slider.focus()
  await page.keyboard.press('Home')
  for (let i = 0; i < 10; i++) await page.keyboard.press('ArrowRight')
  const wanted = Number(await slider.inputValue())
  await until(() => Math.abs(actual('audio', 'level') - wanted) < 0.51, `the level to be ${wanted}`)
})

test('what is changed by remote control is told', async () => {
  const page = await stage.at('lan')
  stage.lectern(['set', 'projector.power', 'on'])
  await until(() => actual('projector', 'power') === 'on', 'the projector')
  // What is seen within 2 s after a command counts as what the command stirred up; the next look, 10 s later, does not.
  const told = page.getByText('vừa đổi bằng điều khiển từ xa').first()
  for (let looks = 0; looks < 5 && !(await told.isVisible()); looks++) {
    stage.simulate('remote', 'projector', 'picture_mute', String(!actual('projector', 'picture_mute')))
    await told.waitFor({ timeout: 12_000 }).catch(() => {})
  }
  await told.waitFor()
})

test('who may only look is offered nothing to press', async () => {
  const page = await stage.at('xem')
  await page.getByText('Máy chiếu').first().waitFor()
  assert.equal(await page.locator('[data-scene]').count(), 0)
  assert.equal(await page.getByRole('switch').and(page.locator(':enabled')).count(), 0)
})
