// The room that this page shows, for components: useRoom(room => room.devices.projector) renders again only when what the selector
// gives has changed.
import { useEffect, useReducer, useRef } from 'preact/hooks'
import { applyLink, applyList, applyMessage, emptyRoom } from './room.js'

let room = emptyRoom(null)
const listeners = new Set()
const meta = new Map() // device → device.describe, of one start of the room
const metaListeners = new Set()

export const getRoom = () => room

function set(next) {
  if (next === room) return
  room = next
  for (const fn of listeners) fn(room)
}

export const openRoom = (name) => {
  meta.clear()
  set(emptyRoom(name))
}
export const message = (method, params) => set(applyMessage(room, method, params, Date.now()))
export const link = (state) => set(applyLink(room, state, Date.now()))
export const listed = (devices) => set(applyList(room, devices))
export const patch = (changes) => set({ ...room, ...changes })

// Calls fn(room) at each change; returns what ends that.
export function onRoom(fn) {
  listeners.add(fn)
  return () => listeners.delete(fn)
}

function same(a, b) {
  if (Object.is(a, b)) return true
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
  return a.every((x, i) => Object.is(x, b[i]))
}

// What the selector gives of the room; lists are compared by their members.
export function useRoom(selector = (r) => r) {
  const [, render] = useReducer((n) => n + 1, 0)
  const last = useRef()
  last.current = { selector, value: selector(room) }
  useEffect(() => {
    const check = () => {
      const { selector: now, value } = last.current
      if (!same(now(room), value)) render()
    }
    check() // it may have changed between the first render and now
    return onRoom(check)
  }, [])
  return last.current.value
}

// ---- Descriptions of devices: asked for once, when somebody shows them ------------------------------------------------

let ask = null // (device) => Promise of device.describe
export const setDescriber = (fn) => {
  ask = fn
}
export const forgetMeta = () => {
  meta.clear()
  for (const fn of metaListeners) fn()
}

export function getMeta(device) {
  return meta.get(device)?.value ?? null
}

export function fetchMeta(device) {
  const known = meta.get(device)
  if (known) return known.promise
  if (!ask) return Promise.resolve(null)
  const entry = { value: null }
  entry.promise = ask(device).then(
    (value) => {
      entry.value = { ...value, point: Object.fromEntries((value.points ?? []).map((p) => [p.name, p])) }
      for (const fn of metaListeners) fn()
      return entry.value
    },
    () => {
      if (meta.get(device) === entry) meta.delete(device) // asked again when somebody shows it next
      return null
    },
  )
  meta.set(device, entry)
  return entry.promise
}

// device.describe of the device with `point`: its points by name; null until it is known.
export function useMeta(device) {
  const [, render] = useReducer((n) => n + 1, 0)
  const live = useRoom((r) => r.live)
  const shown = useRef()
  shown.current = getMeta(device)
  useEffect(() => {
    const changed = () => getMeta(device) !== shown.current && render()
    metaListeners.add(changed)
    if (device && live) fetchMeta(device)
    return () => metaListeners.delete(changed)
  }, [device, live])
  return shown.current
}
