// One clock for everything that grows old on a page: ages, countdowns. It ticks once a second, only while somebody looks.
import { useEffect, useState } from 'preact/hooks'

const TICK = 1000 // ms
const watchers = new Set()
let timer = null

function tick() {
  const now = Date.now()
  for (const fn of watchers) fn(now)
}

function arrange() {
  const wanted = watchers.size > 0 && document.visibilityState !== 'hidden'
  if (wanted && timer === null) timer = setInterval(tick, TICK)
  if (!wanted && timer !== null) {
    clearInterval(timer)
    timer = null
  }
}

if (typeof document !== 'undefined')
  document.addEventListener('visibilitychange', () => {
    arrange()
    if (document.visibilityState !== 'hidden') tick()
  })

// Calls fn(ms since 1970) each second; returns what ends that.
export function everySecond(fn) {
  watchers.add(fn)
  arrange()
  return () => {
    watchers.delete(fn)
    arrange()
  }
}

// The time now; renders the component each second while `on`.
export function useNow(on = true) {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    if (!on) return undefined
    setNow(Date.now())
    return everySecond(setNow)
  }, [on])
  return on ? now : Date.now()
}
