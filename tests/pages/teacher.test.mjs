// What the teacher console makes of runs and devices.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as facts from '../../web/pages/src/teacher/facts.js'
import * as runs from '../../web/pages/src/teacher/runs.js'
import { arrange } from '../../web/pages/src/teacher/slots.js'

const step = (name, target, state, more = {}) => ({ name, target, value: 'on', state, optional: false, ...more })
const run = (more) => ({ run: 'r', scene: 'lesson', principal: 'lan', started: 1_000_000_000, state: 'running', ready: false, at: 10_000, ended: 0, steps: [], ...more })
const good = (value, more = {}) => ({ value, quality: 'good', age_ms: 0, at: 0, ...more })
const room = { live: true, runs: new Map() }

test('devices stand at the same places in every room', () => {
  const order = (list) => arrange(list).map((s) => s.id)
  const big = ['relay', 'camera', 'screen', 'light', 'board', 'projector', 'audio', 'printer'].map((c) => ({ name: c, class: c }))
  assert.deepEqual(order(big), ['projector', 'board', 'audio', 'light', 'display', 'camera', 'air', 'other'])
  assert.deepEqual(arrange(big)[3].devices, ['light', 'screen'])
  assert.deepEqual(arrange(big)[7].devices, ['relay', 'printer'])
  const small = [{ name: 'a', class: 'audio' }]
  assert.deepEqual(order(small), ['projector', 'board', 'audio', 'light'])
  assert.deepEqual(arrange(small)[0].devices, [])
})

test('a countdown goes on between what the room tells', () => {
  const r = run({ expected_ms: 20_000, remaining_ms: 15_000 })
  assert.deepEqual(runs.progress(r, 15_000), { part: 0.5, left: 10_000 })
  assert.deepEqual(runs.progress(r, 90_000), { part: 1, left: 0 })
  assert.deepEqual(runs.progress(run({}), 15_000), { part: null, left: null })
})

test('what fell short is named by device, once', () => {
  const r = run({
    state: 'partly',
    steps: [step('a', 'board.power', 'away'), step('b', 'board.input', 'skipped'), step('c', 'projector.power', 'confirmed'), step('d', 'camera.power', 'timeout')],
  })
  assert.deepEqual(runs.shortDevices(r), ['board', 'camera'])
})

test('undo is offered for two minutes by the clock of the room', () => {
  const ended = run({ state: 'done', ms: 20_000, started: 100_000 * 1000 }) // ended at 120000 of the room's clock
  assert.equal(runs.undoLeft(ended, 130_000), 110_000)
  assert.equal(runs.undoLeft(ended, 130_000 + 3_600_000, -3_600_000), 110_000) // our clock is an hour ahead
  assert.equal(runs.undoLeft(ended, 240_001), 0)
  assert.equal(runs.undoLeft(run({}), 0), 0)
  assert.equal(runs.undoLeft({ ...ended, scene: 'undo', undoes: 'x' }, 130_000), 0)
})

test('undo lists what each point was before the scene, and not what somebody took since', () => {
  const r = run({
    state: 'done',
    steps: [
      step('a', 'projector.power', 'confirmed', { before: 'off' }),
      step('b', 'projector.power', 'confirmed', { before: 'on' }),
      step('c', 'lights.front', 'already'),
      step('d', 'audio.level', 'overridden', { before: -20 }),
    ],
  })
  assert.deepEqual(runs.restores(r), [{ target: 'projector.power', value: 'off' }])
})

test('a scene that takes over says what it took', () => {
  const old = run({ run: 'old', scene: 'lesson', started: 1, ms: 1e9, state: 'partly', steps: [step('a', 'audio.level', 'overridden'), step('b', 'board.power', 'overridden'), step('c', 'projector.power', 'overridden')] })
  const fresh = run({ run: 'new', scene: 'video', started: 2, steps: [step('x', 'audio.level', 'sending', { value: -6 }), step('y', 'projector.power', 'waiting')] })
  assert.deepEqual(runs.takenOver(fresh, [fresh, old]), [{ run: old, targets: ['audio.level'] }])
  assert.deepEqual(runs.takenOver(old, [fresh, old]), [])
})

test('only a scene that switches something on gets a room ready to teach', () => {
  assert.ok(runs.opensRoom(run({ steps: [step('a', 'projector.power', 'confirmed')] })))
  assert.ok(!runs.opensRoom(run({ steps: [step('a', 'projector.power', 'confirmed', { value: 'off' })] })))
})

test('the page shows what runs and the last that ended, until it is closed or undo is over', () => {
  const ended = (id, at) => run({ run: id, state: 'done', started: at * 1000, ms: 0 })
  const list = [run({ run: 'now', started: 9e9 }), ended('a', 100_000), ended('b', 110_000)]
  assert.deepEqual(runs.shown(list, 120_000).map((r) => r.run), ['now', 'b'])
  assert.deepEqual(runs.shown(list, 120_000, 0, new Set(['b'])).map((r) => r.run), ['now'])
  assert.deepEqual(runs.shown(list, 400_000).map((r) => r.run), ['now'])
})

test('a card is grey when the room is lost, amber when something is wrong, and never green by hope', () => {
  const projector = (power, more = {}) => ({ name: 'projector', class: 'projector', status: 'online', points: { power, ...more } })
  const state = (d, r = room) => facts.stateOf(r, d).state
  assert.equal(state(projector(good('on'))), 'on')
  assert.equal(state(projector(good('on')), { ...room, live: false }), 'stale')
  assert.equal(state({ ...projector(good('on')), status: 'away' }), 'fault')
  assert.equal(state(projector(good('on', { quality: 'stale' }))), 'stale')
  assert.equal(state(projector(good('off', { wanted: 'on' }))), 'working')
  assert.equal(state(projector(good('warming'))), 'working')
  assert.equal(state(projector(good('on'), { 'error.lamp': good('error') })), 'fault')
  assert.equal(state(projector(good('on'), { 'error.lamp': { ...good('error'), quality: 'stale' } })), 'on')
})

test('a point can be set while the device answers and its condition holds', () => {
  const d = { status: 'online', points: { power: good('on') } }
  const desc = { access: 'both', when: { point: 'power', values: ['on'] } }
  assert.ok(facts.settable(room, d, desc))
  assert.ok(!facts.settable({ ...room, live: false }, d, desc))
  assert.ok(!facts.settable(room, { ...d, points: { power: good('off') } }, desc))
  assert.ok(!facts.settable(room, d, { access: 'read' }))
})

test('a change at the device is told, our own and a scene’s are not', () => {
  const now = 1_000_000_000
  const d = (by, ago) => ({ points: { power: good(true, { by, by_time: now - ago }) } })
  assert.equal(facts.changedBy(d('device', 5e6), 'lan', now).by, 'device')
  assert.equal(facts.changedBy(d('minh', 5e6), 'lan', now).by, 'minh')
  assert.equal(facts.changedBy(d('lan', 5e6), 'lan', now), null)
  assert.equal(facts.changedBy(d('scene:lesson', 5e6), 'lan', now), null)
  assert.equal(facts.changedBy(d('device', 500e6), 'lan', now), null)
})

test('a dial leaves out what only silence is', () => {
  assert.deepEqual(facts.dial({ unit: 'dB', min: -100, max: 12 }), { min: -60, max: 12, step: 1 })
  assert.deepEqual(facts.dial({ min: 0, max: 100, step: 5 }), { min: 0, max: 100, step: 5 })
})
