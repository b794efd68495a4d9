// Setting points and invoking actions from cards: one request for a point at a time, the last wish wins, and what went wrong is kept
// with the device until something works again.
import { useEffect, useReducer } from 'preact/hooks'
import { call } from '../lib/socket.js'
import { trouble } from './words.js'

const PATIENCE = 150_000 // ms: a projector may take two minutes to cool; the room itself gives up earlier
const pending = new Map() // target → {value, next: value or undefined}
const troubles = new Map() // device → {text, remedy, code, target}
const listeners = new Set()
const changed = () => listeners.forEach((fn) => fn())

const deviceOf = (target) => target.slice(0, target.indexOf('.'))

// Renders the component when a write begins, ends or fails.
export function useWrites() {
  const [, render] = useReducer((n) => n + 1, 0)
  useEffect(() => {
    listeners.add(render)
    return () => listeners.delete(render)
  }, [])
}

// What is wanted of a point and not confirmed yet, by us; undefined when nothing.
export function wish(target) {
  const p = pending.get(target)
  return p && (p.next !== undefined ? p.next : p.value)
}

export const troubleOf = (device) => troubles.get(device) ?? null
export function forgetTrouble(device) {
  if (troubles.delete(device)) changed()
}

function failed(target, error) {
  if (error.code === -32009 || error.code === -32010 || error.code === 'closed') return // somebody else's wish counts
  troubles.set(deviceOf(target), { ...trouble(error), target })
}

export async function write(target, value) {
  const under = pending.get(target)
  if (under) {
    under.next = value // sent when the one under way is done
    changed()
    return
  }
  const entry = { value, next: undefined }
  pending.set(target, entry)
  changed()
  for (;;) {
    try {
      await call('point.write', { target, value: entry.value }, { timeout: PATIENCE })
      troubles.delete(deviceOf(target))
    } catch (error) {
      if (entry.next === undefined) failed(target, error)
    }
    if (entry.next === undefined || entry.next === entry.value) break
    entry.value = entry.next
    entry.next = undefined
  }
  pending.delete(target)
  changed()
}

export async function invoke(target, args) {
  if (pending.has(target)) return
  pending.set(target, { value: true, next: undefined })
  changed()
  try {
    await call('action.invoke', { target, ...(args && { args }) }, { timeout: PATIENCE })
    troubles.delete(deviceOf(target))
  } catch (error) {
    failed(target, error)
  }
  pending.delete(target)
  changed()
}
