// The page's one connection to its room: docs/protocol.md through web/README.md.
import { me } from './api.js'
import { Link } from './link.js'
import { forgetMeta, getRoom, link as linkState, listed, message, openRoom, patch, setDescriber } from './store.js'

const SOON = 300 // ms: devices often come and go together

let link = null
const sampleListeners = new Map() // run → set of functions
const eventListeners = new Map() // kind → set of functions
let follows = {}

const world = (room) => ({
  open: () =>
    new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws?room=${encodeURIComponent(room)}`, 'lectern.1'),
  now: () => performance.now(),
  wall: () => Date.now(),
  random: Math.random,
  setTimeout: (fn, ms) => setTimeout(fn, ms),
  clearTimeout: (timer) => clearTimeout(timer),
  uuid,
})

// crypto.randomUUID is there only on https and localhost; a classroom may have neither.
function uuid() {
  const b = crypto.getRandomValues(new Uint8Array(16))
  return [...b].map((x) => x.toString(16).padStart(2, '0')).join('')
}

function tell(kind, params) {
  for (const fn of eventListeners.get(kind) ?? []) fn(params)
}

// What no message brings: the names of devices and what helps those that are away, the scenes and how long they usually take.
async function introduce() {
  try {
    const [{ devices }, { scenes }] = await Promise.all([call('device.list'), call('scene.list')])
    listed(devices)
    patch({ scenes })
  } catch {
    // the next hello asks again
  }
}

let boot = null
let asking = null
function introduceSoon() {
  if (asking !== null) return
  asking = setTimeout(() => {
    asking = null
    if (link) introduce()
  }, SOON)
}

function take(method, params) {
  message(method, params)
  if (method === 'hello') {
    if (params.room?.boot !== boot) forgetMeta()
    boot = params.room?.boot
    introduce()
  } else if (method === 'state' && !params.whole && Object.values(params.devices ?? {}).some((d) => d.status)) introduceSoon()
  else if (method === 'runs' && (params.runs ?? []).some((r) => r.state !== 'running')) introduceSoon()
  tell(method, params)
}

// A connection that fails again and again may be one that is not let in: then the sign-in page helps, waiting does not.
async function failed(room, attempts) {
  if (attempts !== 2 && attempts !== 6) return
  try {
    const { person } = await me(room)
    if (!person && getRoom().name === room) tell('signed_out', { reason: 'session' })
  } catch {
    // the gateway is not there: the page goes on trying
  }
}

// Connects the page to a room; what was connected before ends.
export function connect(room) {
  if (link && getRoom().name === room) return
  disconnect()
  openRoom(room)
  boot = null
  link = new Link(world(room), {
    message: take,
    block(head, values) {
      for (const fn of sampleListeners.get(head.run) ?? []) fn(head, values)
    },
    state: linkState,
    failed: (attempts) => failed(room, attempts),
  })
  link.follow(follows)
  link.start()
}

export function disconnect() {
  link?.stop()
  link = null
}

// Asks the room or the gateway. Rejects with a CallError {code, message, data}.
export function call(method, params, options) {
  if (!link) return Promise.reject(new Error('no room'))
  return link.call(method, params, options)
}

// ---- What is followed besides the state: each part of a page says what it needs, the gateway is told the sum -------------

const wants = new Map() // who → {journal, events, runs, trace}

function tellFollows() {
  const all = [...wants.values()]
  const runs = [...new Set(all.flatMap((w) => w.runs ?? []))].slice(0, 4)
  follows = {
    ...(all.some((w) => w.journal) && { journal: true }),
    ...(all.some((w) => w.events) && { events: true }),
    ...(all.some((w) => w.trace) && { trace: true }),
    ...(runs.length > 0 && { runs }),
  }
  link?.follow(follows)
}

// follow({journal: true, runs: [run]}) until the function that it returns is called.
export function follow(what) {
  const who = {}
  wants.set(who, what)
  tellFollows()
  return () => {
    wants.delete(who)
    tellFollows()
  }
}

// Calls fn(head, Float64Array) with each block of the run's samples; returns what ends that. Follow the run too.
export function onSamples(run, fn) {
  if (!sampleListeners.has(run)) sampleListeners.set(run, new Set())
  const set = sampleListeners.get(run)
  set.add(fn)
  return () => {
    set.delete(fn)
    if (set.size === 0) sampleListeners.delete(run)
  }
}

// Calls fn(params) at each message of that kind: hello, live, state, runs, recordings, alarms, timetable, event, journal, trace,
// gap, signed_out; returns what ends that.
export function onEvent(kind, fn) {
  if (!eventListeners.has(kind)) eventListeners.set(kind, new Set())
  eventListeners.get(kind).add(fn)
  return () => eventListeners.get(kind).delete(fn)
}

setDescriber((device) => call('device.describe', { device }))

// A page that slept, or whose network went and came, is current again at once instead of after a delay.
if (typeof window !== 'undefined') {
  document.addEventListener('visibilitychange', () => document.visibilityState !== 'hidden' && link?.wake())
  addEventListener('online', () => link?.wake())
  addEventListener('offline', () => link?.sleep())
  addEventListener('pageshow', (e) => e.persisted && link?.wake())
  // A machine that slept without hiding the page did not tick.
  let ticked = Date.now()
  setInterval(() => {
    const now = Date.now()
    if (now - ticked > 15_000) link?.wake()
    ticked = now
  }, 2_000)
}
