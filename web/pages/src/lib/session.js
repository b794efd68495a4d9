// Who is signed in at this browser, as /api/me says it: for the frame, the sign-in page and the choice of a room.
import { useEffect, useReducer } from 'preact/hooks'
import { me } from './api.js'

let state = { known: false, person: null, rooms: [], people: [], failed: false }
const listeners = new Set()

function set(next) {
  state = { ...state, ...next }
  for (const fn of listeners) fn(state)
}

export const session = () => state

export async function refresh(room) {
  try {
    const { person = null, rooms = [], people = [] } = await me(room)
    set({ known: true, failed: false, person, rooms, people })
  } catch (e) {
    set({ failed: true, known: state.known || e.status !== undefined })
  }
  return state
}

export const forget = () => set({ person: null })

export function useSession() {
  const [, render] = useReducer((n) => n + 1, 0)
  useEffect(() => {
    listeners.add(render)
    return () => listeners.delete(render)
  }, [])
  return state
}
