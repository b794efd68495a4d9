// The picture of a room: what each message of the gateway makes of it, and what counts as current.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ageOf, applyLink, applyList, applyMessage, emptyRoom, isFresh, mayCall } from '../../web/pages/src/lib/room.js'

const good = (value, age_ms = 0) => ({ value, quality: 'good', time: 1, age_ms })
const whole = { whole: true, devices: { projector: { status: 'online', points: { power: good('off', 500) } } } }
const hello = { person: { name: 'lan', role: 'teacher', may: ['scene.start'] }, room: { boot: 'b1' }, build: 'x', now: 5_000_000_000 }

// As the gateway does it: the state, then that it is there, then hello.
function connected(now = 1000) {
  let room = applyLink(emptyRoom('r'), 'opening', now)
  room = applyMessage(room, 'state', whole, now)
  room = applyMessage(room, 'live', { live: true }, now)
  return applyMessage(room, 'hello', hello, now)
}

test('a room is live once the connection, the room and the whole state are there', () => {
  let room = applyLink(emptyRoom('r'), 'opening', 0)
  room = applyMessage(room, 'hello', hello, 0)
  assert.equal(room.live, false)
  room = applyMessage(room, 'live', { live: true }, 0)
  assert.equal(room.live, false)
  assert.equal(applyMessage(room, 'state', { whole: false, devices: {} }, 0).live, false)
  assert.equal(applyMessage(room, 'state', whole, 0).live, true)
  assert.equal(connected().live, true)
})

test('after a lost connection nothing is fresh until the whole state came again', () => {
  let room = connected()
  const at = () => isFresh(room, room.devices.projector, room.devices.projector.points.power)
  assert.equal(at(), true)
  room = applyLink(room, 'closed', 2000)
  assert.equal(at(), false)
  assert.equal(room.devices.projector.points.power.value, 'off') // the last picture stays
  assert.equal(room.since, 2000)
  room = applyLink(room, 'opening', 3000)
  room = applyMessage(room, 'live', { live: true }, 3000)
  room = applyMessage(room, 'hello', hello, 3000)
  assert.equal(at(), false)
  room = applyMessage(room, 'state', whole, 3000)
  assert.equal(at(), true)
})

test('a connection in doubt makes what is shown old, and current again when it speaks', () => {
  let room = applyLink(connected(), 'silent', 2000)
  assert.equal(room.live, false)
  room = applyLink(room, 'open', 2500)
  assert.equal(room.live, true)
})

test('the gateway can say that it lost the room', () => {
  let room = applyMessage(connected(), 'live', { live: false, reason: 'gone' }, 2000)
  assert.equal(room.live, false)
  assert.equal(room.reason, 'gone')
  room = applyMessage(room, 'live', { live: true }, 3000)
  assert.equal(room.live, false) // its state is that of before
  assert.equal(applyMessage(room, 'state', whole, 3000).live, true)
})

test('a change replaces what it names and leaves the rest as the same objects', () => {
  const room = applyMessage(connected(), 'state', { whole: true, devices: { ...whole.devices, screen: { status: 'online', points: { position: good('up') } } } }, 1000)
  const next = applyMessage(room, 'state', { whole: false, devices: { screen: { points: { position: good('down') } } } }, 2000)
  assert.equal(next.devices.projector, room.devices.projector)
  assert.equal(next.devices.screen.points.position.value, 'down')
  assert.equal(next.devices.screen.status, 'online')
  const away = applyMessage(next, 'state', { whole: false, devices: { screen: { status: 'away', reason: 'x', points: {} } } }, 3000)
  assert.equal(away.devices.screen.reason, 'x')
  assert.equal(applyMessage(away, 'state', { whole: false, devices: { screen: { status: 'online', points: {} } } }, 4000).devices.screen.reason, undefined)
})

test('labels meet states whichever comes first', () => {
  const list = [{ name: 'projector', label: { vi: 'Máy chiếu' }, class: 'projector' }]
  let room = applyList(emptyRoom('r'), list)
  room = applyMessage(room, 'state', whole, 0)
  assert.equal(room.devices.projector.class, 'projector')
  assert.equal(applyList(connected(), list).devices.projector.label.vi, 'Máy chiếu')
})

test('a value ages by itself', () => {
  const room = connected(1000)
  assert.equal(ageOf(room.devices.projector.points.power, 4000), 3500)
  assert.equal(ageOf({ value: null, at: 0 }, 10), null)
})

test('runs, recordings and alarms are bounded, what is under way stays', () => {
  let room = connected()
  room = applyMessage(room, 'runs', { runs: [{ run: 'first', scene: 's', state: 'running', steps: [] }] }, 0)
  for (let i = 0; i < 100; i++) room = applyMessage(room, 'runs', { runs: [{ run: `r${i}`, scene: 's', state: 'done', steps: [] }] }, i)
  assert.equal(room.runs.size, 8)
  assert.ok(room.runs.has('first') && room.runs.has('r99'))
  for (let i = 0; i < 100; i++) room = applyMessage(room, 'recordings', { recordings: [{ run: `r${i}`, state: 'done' }] }, i)
  assert.equal(room.recordings.size, 20)
  room = applyMessage(room, 'alarms', { whole: false, alarms: [{ alarm: 'a', state: 'raised' }, { alarm: 'b', state: 'acknowledged' }] }, 0)
  room = applyMessage(room, 'alarms', { whole: false, alarms: [{ alarm: 'a', state: 'cleared' }] }, 0)
  assert.deepEqual([...room.alarms.keys()], ['b'])
})

test('what a person may do is what hello says', () => {
  assert.equal(mayCall(connected(), 'scene.start'), true)
  assert.equal(mayCall(connected(), 'point.write'), false)
  assert.equal(mayCall(emptyRoom('r'), 'scene.start'), false)
})
