// What a device is doing, for its card: a state that decides frame and mark, and what the sentence under its name is made of. Pure.
import { ageOf, isFresh } from '../lib/room.js'

const MAIN = { projector: 'power', board: 'power', display: 'power', camera: 'power', screen: 'position', audio: 'audio_mute' }
const FAULTS = /^error\.|\.error\./

// The point that says what a device of this class is up to.
export function mainPoint(device) {
  const name = MAIN[device.class]
  if (name && device.points[name]) return name
  return device.points.power ? 'power' : null
}

// Names of error points that say that something is wrong, the worst first.
export function faults(device) {
  return Object.entries(device.points)
    .filter(([name, p]) => FAULTS.test(name) && p.quality === 'good' && (p.value === 'error' || p.value === 'warning'))
    .sort(([, a], [, b]) => (a.value === 'error' ? 0 : 1) - (b.value === 'error' ? 0 : 1))
    .map(([name]) => name)
}

const TRANSIENT = new Set(['warming', 'cooling', 'moving'])
const ON = new Set(['on', true])

// Whether a write is on its way to any settable point.
function wanted(device) {
  return Object.values(device.points).some((p) => p.wanted !== undefined && p.wanted !== p.value)
}

// {state: '' | 'working' | 'on' | 'fault' | 'needs' | 'stale', why: 'room' | 'starting' | 'away' | 'fault' | 'old' | null, faults: [...]}
export function stateOf(room, device, alarms = []) {
  if (!room.live) return { state: 'stale', why: 'room', faults: [] }
  if (device.status === 'starting') return { state: 'stale', why: 'starting', faults: [] }
  if (device.status !== 'online') return { state: 'fault', why: 'away', faults: [] }
  const wrong = faults(device)
  if (alarms.some((a) => a.severity === 'critical')) return { state: 'needs', why: 'fault', faults: wrong }
  if (wrong.length > 0) return { state: 'fault', why: 'fault', faults: wrong }
  const main = mainPoint(device)
  const point = main && device.points[main]
  if (point && point.quality !== 'good') return { state: 'stale', why: 'old', faults: [] }
  if (wanted(device) || (point && TRANSIENT.has(point.value))) return { state: 'working', why: null, faults: [] }
  if (device.class === 'light') return { state: lit(device) ? 'on' : '', why: null, faults: [] }
  return { state: main === 'power' && ON.has(point.value) ? 'on' : '', why: null, faults: [] }
}

export function lit(device) {
  return ['power', 'front', 'rear', 'board'].some((p) => device.points[p]?.value === true)
}

// The age of what the card says: of its main point, else of the oldest value that is no longer good.
export function ageOfDevice(device, now) {
  const main = mainPoint(device)
  if (main) return ageOf(device.points[main], now)
  const ages = Object.values(device.points).map((p) => ageOf(p, now)).filter((a) => a !== null)
  return ages.length > 0 ? Math.min(...ages) : null
}

// Who changed something at this device lately, when it was not us and not a scene: {by, point, time}
export function changedBy(device, me, nowUs, withinUs = 120e6) {
  let last = null
  for (const [point, p] of Object.entries(device.points)) {
    if (!p.by || !p.by_time || p.by === me || p.by.startsWith('scene:')) continue
    if (nowUs - p.by_time > withinUs) continue
    // "power" of lights follows its zones: of what changed together the zone says more
    const later = last ? p.by_time - last.time : Infinity
    if (later > 1e6 || (later > -1e6 && last.point === 'power')) last = { by: p.by, point, time: p.by_time }
  }
  return last
}

// Whether a point can be set now: the room is there, the device answers, its `when` holds.
export function settable(room, device, desc) {
  if (!desc || !room.live || device.status !== 'online' || desc.access === 'read') return false
  if (!desc.when) return true
  const gate = device.points[desc.when.point]
  return isFresh(room, device, gate) && desc.when.values.includes(String(gate.value))
}

// The part of a range that hands use: nobody sets −100 dB, and the first half of a dial should not be silence.
export function dial(desc) {
  const min = desc.min ?? 0
  const max = desc.max ?? 100
  return desc.unit === 'dB' ? { min: Math.max(min, -60), max, step: desc.step || 1 } : { min, max, step: desc.step || 1 }
}
