// Who is signed in at this browser, as /api/me says it: for the frame, the sign-in page and the choice of a room.
import { useEffect, useReducer, useRef } from 'preact/hooks'
import { me } from './api.js'

const AGAIN = 2000 // ms until a gateway that did not answer is asked again

// why: a reason of signed_out that the sign-in page tells; '': none. leaving: the person signs out here, which is no news to her
let state = { known: false, person: null, rooms: [], people: [], failed: false, why: '', leaving: false }
let again = null
const listeners = new Set()

function set(next) {
  state = { ...state, ...next }
  for (const fn of listeners) fn(state)
}

export const session = () => state

export async function refresh(room) {
  clearTimeout(again)
  try {
    const { person = null, rooms = [], people = [] } = await me(room)
    set({ known: true, failed: false, person, rooms, people, leaving: false, why: person ? '' : state.why })
  } catch {
    set({ failed: true })
    if (!state.known) again = setTimeout(() => refresh(room), AGAIN)
  }
  return state
}

export const forget = () => set({ person: null })
export const tellWhy = (why) => set({ why })
export const leave = () => set({ leaving: true })

export function useSession() {
  const [, render] = useReducer((n) => n + 1, 0)
  const drawn = useRef()
  drawn.current = state
  useEffect(() => {
    listeners.add(render)
    if (drawn.current !== state) render() // the answer came between the drawing and now
    return () => listeners.delete(render)
  }, [])
  return state
}
