// Which stretch of run time the plot shows. Pure: every function takes a view and gives a new one.
// `edge` follows the newest sample: "all" from the beginning, "span" with a window of constant width, "" not at all.

export const SPAN_MIN = 0.001 // s
const LIVE_SPAN = 30 // s, that is shown of a run that has no duration

export function begin(duration) {
  return { from: 0, to: duration || LIVE_SPAN, edge: duration ? 'all' : 'span', duration: duration || 0 }
}

// The view for data of [first, last].
export function settle(view, first, last) {
  const low = Math.min(0, first)
  if (view.edge === 'all') {
    const to = Math.max(view.duration, last, low + SPAN_MIN)
    return low === view.from && to === view.to ? view : { ...view, from: low, to }
  }
  if (view.edge === 'span') {
    const span = view.to - view.from
    const to = Math.max(last, low + span)
    return to === view.to ? view : { ...view, from: to - span, to }
  }
  return view
}

export function follow(view) {
  return { ...view, edge: 'span' }
}

export function showAll(view, first, last, live) {
  const all = { ...view, edge: 'all', duration: live ? view.duration : 0 }
  return settle(all, first, last)
}

// A part of the width to the right (or left, below zero).
export function pan(view, part) {
  const by = (view.to - view.from) * part
  return { ...view, from: view.from + by, to: view.to + by, edge: '' }
}

// `factor` above 1 shows less; `at` is the time that stays in its place. At the live edge that is the edge.
export function zoom(view, factor, at = null, limit = Infinity) {
  const held = at === null ? (view.edge ? view.to : (view.from + view.to) / 2) : at
  const span = Math.min(Math.max((view.to - view.from) / factor, SPAN_MIN), limit)
  const part = (held - view.from) / (view.to - view.from)
  const from = held - span * part
  return { ...view, from, to: from + span, edge: at === null && view.edge ? 'span' : '' }
}

export function show(view, from, to) {
  const [a, b] = from < to ? [from, to] : [to, from]
  return { ...view, from: a, to: Math.max(b, a + SPAN_MIN), edge: '' }
}

export function home(view, first) {
  return { ...view, from: first, to: first + (view.to - view.from), edge: '' }
}

// Two fingers: the times under them stay under them. p: [x0, x1] as parts of the width, t: their times at the start.
export function pinch(view, t, p) {
  const parts = p[1] - p[0]
  if (Math.abs(parts) < 0.02) return view
  const span = (t[1] - t[0]) / parts
  if (!(span >= SPAN_MIN)) return view
  const from = t[0] - span * p[0]
  return { ...view, from, to: from + span, edge: '' }
}

// ---- The selection: [a, b] in run time, or null; a is where it began ----------------------------------------------

export function extend(selection, by, view, cursor) {
  const step = (view.to - view.from) * by
  const from = selection || [cursor ?? (view.from + view.to) / 2, cursor ?? (view.from + view.to) / 2]
  return [from[0], from[1] + step]
}

export function ordered(selection) {
  return selection && selection[0] !== selection[1] ? [Math.min(...selection), Math.max(...selection)] : null
}

// ---- The range of an axis ---------------------------------------------------------------------------------------

// Grows at once, shrinks only when less than half is used: the axis stands still while data flow.
export function range(old, lo, hi) {
  if (!(lo <= hi)) return old || [0, 1]
  // what differs by rounding only is flat: an axis of it would have ticks that no number can tell apart
  const flat = hi - lo <= Math.max(Math.abs(lo), Math.abs(hi)) * 1e-9
  const room = flat ? Math.abs(hi) * 0.05 || 1 : (hi - lo) * 0.06
  if (old && lo >= old[0] && hi <= old[1] && hi - lo + 2 * room >= (old[1] - old[0]) / 2) return old
  return [lo - room, hi + room]
}
