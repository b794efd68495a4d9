// Draws curves from their columns. `box` is the plot's place on the canvas and how values become pixels:
// {left, top, width, height, from, to, ratio}; `range` [low, high] of the curve's axis.
import { mark } from './style.js'

const LONG = 6 // a path longer than so many widths is drawn as bars: a dash would not be seen, and takes too long
const SPARSE = 9 // px between samples from which on each gets its mark
const APART = 150 // px between the marks of a dense curve

const xOf = (box, t) => box.left + ((t - box.from) / (box.to - box.from)) * box.width
const yOf = (box, range, v) => box.top + ((range[1] - v) / (range[1] - range[0])) * box.height

export function clipped(ctx, box, fn) {
  ctx.save()
  ctx.beginPath()
  ctx.rect(box.left, box.top, box.width, box.height)
  ctx.clip()
  fn()
  ctx.restore()
}

// One curve. look: {colour (text), dash, mark, width, alpha}; offset: s that are added to its times.
export function curve(ctx, box, range, columns, look, offset = 0) {
  if (!columns.n) return
  ctx.globalAlpha = look.alpha ?? 1
  ctx.strokeStyle = ctx.fillStyle = look.colour
  ctx.lineWidth = look.width * box.ratio
  ctx.lineJoin = 'round'
  const scale = box.height / (range[1] - range[0])
  let length = 0
  for (let i = 0; i < columns.n; i++) length += columns.hi[i] - columns.lo[i]
  if (length * scale > LONG * box.width) bars(ctx, box, range, columns, look, offset)
  else line(ctx, box, range, columns, look, offset)
  marks(ctx, box, range, columns, look, offset)
  ctx.globalAlpha = 1
}

function line(ctx, box, range, c, look, offset) {
  const fine = 1 / (box.height / (range[1] - range[0])) // the value of a pixel
  ctx.setLineDash(look.dash.map((d) => d * box.ratio))
  ctx.beginPath()
  for (let i = 0; i < c.n; i++) {
    const x = xOf(box, c.t[i] + offset)
    if (c.cut[i]) ctx.moveTo(x, yOf(box, range, c.first[i]))
    else ctx.lineTo(x, yOf(box, range, c.first[i]))
    if (c.hi[i] - c.lo[i] < fine) continue
    const falling = c.last[i] - c.lo[i] < c.hi[i] - c.last[i]
    ctx.lineTo(x, yOf(box, range, falling ? c.hi[i] : c.lo[i]))
    ctx.lineTo(x, yOf(box, range, falling ? c.lo[i] : c.hi[i]))
    ctx.lineTo(x, yOf(box, range, c.last[i]))
  }
  ctx.stroke()
  ctx.setLineDash([])
  dots(ctx, box, range, c, look, offset)
}

// A sample between two gaps has no line: it is a dot.
function dots(ctx, box, range, c, look, offset) {
  const r = look.width * box.ratio
  for (let i = 0; i < c.n; i++) {
    if (!c.cut[i] || (i + 1 < c.n && !c.cut[i + 1]) || c.hi[i] !== c.lo[i]) continue
    ctx.fillRect(xOf(box, c.t[i] + offset) - r, yOf(box, range, c.last[i]) - r, 2 * r, 2 * r)
  }
}

// An upright bar for each column, from its least to its greatest value and to where the one before ended.
function bars(ctx, box, range, c, look, offset) {
  const w = Math.max(1, Math.round(look.width * box.ratio * 0.8))
  const scale = box.height / (range[1] - range[0])
  const bottom = box.top + box.height
  const perSecond = box.width / (box.to - box.from)
  const pair = w > 1 ? 2 : 1 // bars are as wide as two columns: one for both
  for (let i = 0; i < c.n; i++) {
    let lo = c.lo[i]
    let hi = c.hi[i]
    if (!c.cut[i] && i) {
      if (c.hi[i - 1] < lo) lo = c.hi[i - 1]
      if (c.lo[i - 1] > hi) hi = c.lo[i - 1]
    }
    if (pair === 2 && i + 1 < c.n && !c.cut[i + 1] && (c.t[i + 1] - c.t[i]) * perSecond < 2) {
      i++
      if (c.lo[i] < lo) lo = c.lo[i]
      if (c.hi[i] > hi) hi = c.hi[i]
    }
    const y = Math.max(box.top, box.top + (range[1] - hi) * scale)
    const end = Math.min(bottom, box.top + (range[1] - lo) * scale)
    const x = box.left + (c.t[i] + offset - box.from) * perSecond
    ctx.fillRect(Math.round(x - w / 2), Math.floor(y), w, Math.max(w, Math.ceil(end - y)))
  }
}

function marks(ctx, box, range, c, look, offset) {
  const apart = box.width / Math.max(1, c.n)
  const each = apart >= SPARSE * box.ratio && c.samples === c.n
  const every = each ? 0 : APART * box.ratio
  const r = (each ? 1.6 : 2) * look.width * box.ratio
  const path = new Path2D()
  const perSecond = box.width / (box.to - box.from)
  let last = NaN
  for (let i = 0; i < c.n; i++) {
    const t = c.t[i] + offset
    // the places are fixed in time, so that marks move with the curve
    const place = each ? i : Math.floor((t * perSecond) / every)
    if (place === last) continue
    const first = Number.isNaN(last)
    last = place
    if (first && !each) continue
    mark(path, look.mark, xOf(box, t), yOf(box, range, c.last[i]), r)
  }
  if (look.mark === 'cross' || look.mark === 'plus') ctx.stroke(path)
  else if (look.mark === 'ring' || look.mark === 'box') {
    const fill = ctx.fillStyle
    ctx.fillStyle = look.ground || fill
    ctx.fill(path)
    ctx.fillStyle = fill
    ctx.stroke(path)
  } else ctx.fill(path)
}

// A prediction, a fit, a tangent: points [t, v] with a straight line between them.
export function through(ctx, box, range, points, look) {
  if (!points.length) return
  ctx.globalAlpha = look.alpha ?? 1
  ctx.strokeStyle = ctx.fillStyle = look.colour
  ctx.lineWidth = look.width * box.ratio
  ctx.lineJoin = ctx.lineCap = 'round'
  ctx.setLineDash((look.dash || []).map((d) => d * box.ratio))
  ctx.beginPath()
  points.forEach(([t, v], i) => {
    const x = xOf(box, t)
    const y = yOf(box, range, v)
    if (i) ctx.lineTo(x, y)
    else ctx.moveTo(x, y)
  })
  ctx.stroke()
  ctx.setLineDash([])
  ctx.lineCap = 'butt'
  if (points.length === 1) ctx.fillRect(xOf(box, points[0][0]) - 3, yOf(box, range, points[0][1]) - 3, 6, 6)
  ctx.globalAlpha = 1
}

// The area between a curve and zero, in what is selected.
export function area(ctx, box, range, c, [from, to], colour) {
  const zero = yOf(box, range, Math.min(Math.max(0, range[0]), range[1]))
  ctx.fillStyle = colour
  ctx.globalAlpha = 0.22
  ctx.beginPath()
  let open = false
  let x = 0
  const close = () => {
    if (open) ctx.lineTo(x, zero)
    open = false
  }
  for (let i = 0; i < c.n; i++) {
    if (c.t[i] < from || c.t[i] > to) continue
    if (c.cut[i]) close()
    x = xOf(box, c.t[i])
    if (!open) ctx.moveTo(x, zero)
    open = true
    ctx.lineTo(x, yOf(box, range, c.last[i]))
  }
  close()
  ctx.fill()
  ctx.globalAlpha = 1
}

// A moment that was marked: an upright line with its number on top.
export function moments(ctx, box, list, look) {
  ctx.font = `600 ${12 * box.ratio}px ${look.font}`
  ctx.textAlign = 'center'
  ctx.textBaseline = 'middle'
  for (const { t, text } of list) {
    const x = Math.round(xOf(box, t)) + 0.5
    if (x < box.left || x > box.left + box.width) continue
    ctx.strokeStyle = ctx.fillStyle = look.colour
    ctx.lineWidth = box.ratio
    ctx.setLineDash([2 * box.ratio, 3 * box.ratio])
    ctx.beginPath()
    ctx.moveTo(x, box.top)
    ctx.lineTo(x, box.top + box.height)
    ctx.stroke()
    ctx.setLineDash([])
    const w = Math.max(18 * box.ratio, ctx.measureText(text).width + 8 * box.ratio)
    const middle = Math.min(Math.max(x, box.left + w / 2), box.left + box.width - w / 2)
    ctx.fillRect(middle - w / 2, box.top, w, 18 * box.ratio)
    ctx.fillStyle = look.ground
    ctx.fillText(text, middle, box.top + 9.5 * box.ratio)
  }
}
