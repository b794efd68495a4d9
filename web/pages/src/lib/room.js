// The picture of a room and how each message of the gateway changes it (web/README.md). Pure: no socket, no clock, no element of a
// page. Pictures are never changed in place, so that a page can tell by identity what is new.

const RUNS = 8 // runs of scenes that are remembered; the oldest ended one is forgotten first
const RECORDINGS = 20
const ALARMS = 1024

export function emptyRoom(name) {
  return {
    name,
    live: false, // what is shown is what the room says now; false: old, to be shown in grey
    link: 'opening', // opening, open, silent (nothing heard for too long), closed
    reached: false, // the gateway's word: it has the room
    whole: false, // the state of all devices came since the connection
    reason: '', // why it is not live, as the gateway says it
    since: 0, // when it stopped being live, ms since 1970
    person: null,
    describe: null,
    build: '',
    clock: 0, // what must be added to our clock to get the room's, ms
    devices: {},
    list: [], // device.list: label, class, profile ... in the order of the room
    scenes: [], // scene.list
    runs: new Map(),
    recordings: new Map(),
    alarms: new Map(),
    timetable: null,
  }
}

function settle(room, now) {
  const live = room.link === 'open' && room.reached && room.whole
  if (live === room.live) return room
  return { ...room, live, since: live ? 0 : now }
}

const EMPTY = { status: 'starting', points: {} }

function mergeDevices(room, params, now) {
  const devices = params.whole ? {} : { ...room.devices }
  for (const [name, told] of Object.entries(params.devices ?? {})) {
    const was = room.devices[name] ?? EMPTY
    const points = params.whole ? {} : { ...was.points }
    for (const [point, value] of Object.entries(told.points ?? {})) points[point] = { ...value, at: now }
    // a status comes with its reason; a message without a status says nothing of either
    const status = told.status ? { status: told.status, reason: told.reason, remedy: told.remedy } : was
    devices[name] = {
      status: status.status, reason: status.reason, remedy: status.remedy, points,
      label: was.label, class: was.class, name,
    }
  }
  return labelled({ ...room, devices, whole: room.whole || params.whole === true })
}

// Labels and classes come with device.list, states with `state`, either first.
function labelled(room) {
  let devices = room.devices
  for (const { name, label, class: kind } of room.list) {
    const d = devices[name]
    if (!d || (d.label === label && d.class === kind)) continue
    if (devices === room.devices) devices = { ...devices }
    devices[name] = { ...d, label, class: kind }
  }
  return devices === room.devices ? room : { ...room, devices }
}

function bounded(map, limit, ended) {
  if (map.size <= limit) return map
  for (const [key, value] of map) {
    if (map.size <= limit) break
    if (ended(value)) map.delete(key)
  }
  for (const key of map.keys()) {
    if (map.size <= limit) break
    map.delete(key)
  }
  return map
}

const RECORDING = new Set(['armed', 'recording', 'pause'])

function mergeRuns(room, list, now) {
  const runs = new Map(room.runs)
  for (const run of list) runs.set(run.run, { ...run, at: now, ended: run.state === 'running' ? 0 : (room.runs.get(run.run)?.ended || now) })
  return { ...room, runs: bounded(runs, RUNS, (r) => r.state !== 'running') }
}

function mergeRecordings(room, list, now) {
  const recordings = new Map(room.recordings)
  for (const run of list) recordings.set(run.run, { ...run, at: now })
  return { ...room, recordings: bounded(recordings, RECORDINGS, (r) => !RECORDING.has(r.state)) }
}

function mergeAlarms(room, params, now) {
  const alarms = params.whole ? new Map() : new Map(room.alarms)
  for (const alarm of params.alarms ?? []) {
    if (alarm.state === 'cleared') alarms.delete(alarm.alarm)
    else alarms.set(alarm.alarm, { ...alarm, at: now })
  }
  return { ...room, alarms: bounded(alarms, ALARMS, () => false) }
}

// The room after one message; the same object when it changes nothing. `now`: ms since 1970.
export function applyMessage(room, method, params, now) {
  switch (method) {
    case 'hello':
      return settle(
        {
          ...room, link: 'open', person: params.person, describe: params.room ?? room.describe,
          build: params.build ?? '', clock: params.now ? params.now / 1000 - now : 0,
        },
        now,
      )
    case 'live':
      return settle({ ...room, reached: params.live === true, reason: params.reason ?? '', whole: room.whole && params.live === true }, now)
    case 'state':
      return settle(mergeDevices(room, params, now), now)
    case 'runs':
      return mergeRuns(room, params.runs ?? [], now)
    case 'recordings':
      return mergeRecordings(room, params.recordings ?? [], now)
    case 'alarms':
      return mergeAlarms(room, params, now)
    case 'timetable':
      return { ...room, timetable: { ...params, at: now } }
    default:
      return room
  }
}

// What our own end of the connection knows.
export function applyLink(room, link, now) {
  if (room.link === link) return room
  const open = link === 'open' || link === 'silent'
  return settle({ ...room, link, whole: open && room.whole, reached: open && room.reached }, now)
}

export function applyList(room, devices) {
  return labelled({ ...room, list: devices })
}

// ---- What follows from a picture -------------------------------------------------------------------------------------

export function mayCall(room, method) {
  const may = room.person?.may ?? room.describe?.you?.may
  return Array.isArray(may) && may.includes(method)
}

// How old a value is, ms; null when it was never read.
export function ageOf(point, now) {
  if (!point || point.age_ms === undefined || point.age_ms < 0) return null
  return Math.max(0, point.age_ms + now - point.at)
}

// A value that may be shown in colour: the room is there, the device answers, the value is within its age limit.
export function isFresh(room, device, point) {
  return room.live && device?.status === 'online' && point?.quality === 'good' && point.value !== null
}

// Runs of scenes, newest first.
export function runsOf(room) {
  return [...room.runs.values()].sort((a, b) => b.started - a.started)
}
