// The gateway serves newer pages than this one: reload, but at a quiet moment and once for each build.
import { dialogOpen } from '../ui/dialog.js'
import { getRoom, onRoom } from './store.js'

const QUIET = 20_000 // ms without a touch or key

const mine = () => document.querySelector('meta[name=build]')?.content ?? ''

let touched = 0
export function watchBuild() {
  const touch = () => {
    touched = Date.now()
  }
  addEventListener('pointerdown', touch, true)
  addEventListener('keydown', touch, true)
  let timer = null
  const look = (room) => {
    if (!room.build || room.build === mine() || timer !== null) return
    timer = setInterval(() => reloadIfQuiet(), 5000)
  }
  const stop = onRoom(look)
  return () => {
    stop()
    clearInterval(timer)
    removeEventListener('pointerdown', touch, true)
    removeEventListener('keydown', touch, true)
  }
}

function busy() {
  const room = getRoom()
  const runs = [...room.runs.values()].some((r) => r.state === 'running')
  const recordings = [...room.recordings.values()].some((r) => ['armed', 'recording', 'pause'].includes(r.state))
  return runs || recordings || dialogOpen() || Date.now() - touched < QUIET
}

function reloadIfQuiet() {
  const { build } = getRoom()
  if (!build || build === mine() || busy()) return
  try {
    if (sessionStorage.getItem('lectern.reloaded') === build) return // it did not help the last time
    sessionStorage.setItem('lectern.reloaded', build)
  } catch {
    return
  }
  location.reload()
}
