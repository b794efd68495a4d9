// Pointers on the plot: drag pans, two fingers zoom, a long press begins a selection, as does Shift or the tool "select"; with
// the tool "sketch" a drag draws. `plot` has view, tool, timeAt(x), partAt(x), valueAt(y) and takes what comes of it.
import * as view from './view.js'

const LONG_PRESS = 450 // ms
const STILL = 8 // px that a finger may shake in a long press
const TAP = 300 // ms and...
const WHEEL = 0.0015

export function attach(over, plot) {
  const down = new Map() // pointer → {x, y}
  let mode = '' // pan, select, sketch, pinch
  let begin = null
  let press = null
  let tapped = { at: 0, x: 0 }
  const place = (e) => {
    const box = over.getBoundingClientRect()
    return { x: e.clientX - box.left, y: e.clientY - box.top }
  }

  function clearPress() {
    if (press !== null) clearTimeout(press)
    press = null
  }

  function startSelect(p) {
    mode = 'select'
    const t = plot.timeAt(p.x)
    plot.select([t, t])
  }

  function onDown(e) {
    if (e.pointerType === 'mouse' && e.button !== 0) return
    const p = place(e)
    down.set(e.pointerId, p)
    over.setPointerCapture(e.pointerId)
    clearPress()
    if (down.size === 2) {
      const [a, b] = [...down.values()]
      mode = 'pinch'
      begin = { t: [plot.timeAt(a.x), plot.timeAt(b.x)], view: plot.view }
      return
    }
    if (down.size > 2) return
    begin = { ...p, view: plot.view, at: e.timeStamp, moved: false }
    if (plot.tool === 'sketch') {
      mode = 'sketch'
      plot.stroke([plot.timeAt(p.x), plot.valueAt(p.y)], true)
    } else if (plot.tool === 'select' || e.shiftKey) {
      startSelect(p)
    } else {
      mode = 'pan'
      if (e.pointerType !== 'mouse')
        press = setTimeout(() => {
          press = null
          startSelect(down.get(e.pointerId) || p)
          navigator.vibrate?.(15)
        }, LONG_PRESS)
    }
  }

  function onMove(e) {
    if (!down.has(e.pointerId)) return
    const p = place(e)
    down.set(e.pointerId, p)
    if (mode === 'pinch' && down.size === 2) {
      const parts = [...down.values()].map((q) => plot.partAt(q.x))
      plot.setView(view.pinch(begin.view, begin.t, parts))
      return
    }
    if (!begin.moved && Math.hypot(p.x - begin.x, p.y - begin.y) > STILL) {
      begin.moved = true
      clearPress()
    }
    if (mode === 'pan' && begin.moved) {
      const part = plot.partAt(begin.x) - plot.partAt(p.x)
      plot.setView(view.pan(begin.view, part))
    } else if (mode === 'select') {
      plot.select([plot.selection[0], plot.timeAt(p.x)])
    } else if (mode === 'sketch') {
      plot.stroke([plot.timeAt(p.x), plot.valueAt(p.y)], false)
    }
  }

  function onUp(e) {
    if (!down.delete(e.pointerId)) return
    clearPress()
    const was = mode
    if (down.size) {
      // one finger of two was lifted: the other goes on panning from where it is
      const [p] = down.values()
      mode = 'pan'
      begin = { ...p, view: plot.view, moved: true, at: e.timeStamp }
      return
    }
    mode = ''
    if (was === 'sketch') plot.stroke(null, false)
    if (was === 'select') plot.selected()
    if (was !== 'pan' || begin.moved || e.type === 'pointercancel') return
    plot.setCursor(begin.x)
    if (e.timeStamp - tapped.at < TAP && Math.abs(begin.x - tapped.x) < 3 * STILL) plot.act('all', 0)
    tapped = { at: e.timeStamp, x: begin.x }
  }

  function onWheel(e) {
    const page = document.scrollingElement
    const scrolls = page && page.scrollHeight > page.clientHeight + 4
    if (scrolls && !e.ctrlKey) return
    e.preventDefault()
    if (Math.abs(e.deltaX) > Math.abs(e.deltaY)) plot.setView(view.pan(plot.view, e.deltaX * WHEEL))
    else plot.setView(view.zoom(plot.view, Math.exp(-e.deltaY * WHEEL), plot.timeAt(place(e).x)))
  }

  const events = { pointerdown: onDown, pointermove: onMove, pointerup: onUp, pointercancel: onUp }
  for (const [name, fn] of Object.entries(events)) over.addEventListener(name, fn)
  over.addEventListener('wheel', onWheel, { passive: false })
  return () => {
    clearPress()
    for (const [name, fn] of Object.entries(events)) over.removeEventListener(name, fn)
    over.removeEventListener('wheel', onWheel)
  }
}
