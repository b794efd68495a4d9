// The plot: uPlot keeps the axes, their scales and the cursor; the curves are ours, drawn at most once a frame from columns. It
// knows nothing of the page but what it is given, and tells what the viewer did.
import uPlot from 'uplot'
import { number, t, unit } from '../lib/words.js'
import * as axes from './axes.js'
import { Columns } from './columns.js'
import { area, clipped, curve, moments, through } from './draw.js'
import { attach } from './gestures.js'
import { looks, palette } from './style.js'
import * as views from './view.js'

const TOP = 26 // px over the plot, for the units
const LIVE_MS = 66 // between pictures while data flow
const FONT = 13 // px, at the usual size of text

export class Plot {
  // told: {view(view), cursor(time or null), select(selection), stroke(point, begins), action(name)}
  constructor(root, told) {
    this.root = root
    this.told = told
    this.view = views.begin(0)
    this.selection = null
    this.tool = 'pan'
    this.curves = [] // {id, data, channel, unit, look, offset, alpha}
    this.under = [] // {unit, points, look}: predictions
    this.over = [] // {unit, points, look}: fits, tangents
    this.moments = [] // {t, text}
    this.filled = null // {id, from, to}: the area that is shown
    this.hints = new Map() // unit → [low, high] where nothing is known yet
    this.ranges = new Map()
    this.columns = new Map()
    this.u = null
    this.frame = 0
    this.asked = 0
    this.waiting = 0
    this.drawn = 0 // when, and how long it took, ms
    this.took = 0
    this.cursor = null
    this.live = false
    this.ready = false // before a run: what is shown is as long as it will be
    this.sketching = '' // unit of what is sketched
    this.watch = new ResizeObserver(() => this.resize())
    this.watch.observe(root)
    this.repaint()
  }

  destroy() {
    cancelAnimationFrame(this.frame)
    clearTimeout(this.asked)
    clearTimeout(this.waiting)
    this.watch.disconnect()
    this.detach?.()
    this.u?.destroy()
    this.u = null
  }

  // Takes {curves, under, over, moments, filled, hints, live, tool}: what is left out stays.
  set(what) {
    Object.assign(this, what)
    const units = [...new Set([...this.curves, ...this.under].map((c) => c.unit || ''))]
    if (!this.u || units.join('|') !== this.units.join('|')) this.build(units.length ? units : [''])
    const ids = new Set(this.curves.map((c) => c.id))
    for (const id of this.columns.keys()) if (!ids.has(id)) this.columns.delete(id)
    this.invalidate()
  }

  repaint() {
    this.colours = palette(this.root)
    if (this.u) this.build(this.units)
    this.invalidate()
  }

  // ---- uPlot ---------------------------------------------------------------------------------------------------------

  build(units) {
    const { clientWidth: width, clientHeight: height } = this.root
    this.units = units
    this.detach?.()
    this.u?.destroy()
    this.size = parseFloat(getComputedStyle(this.root).fontSize) / 16
    const font = `${Math.round(FONT * this.size)}px ${getComputedStyle(this.root).fontFamily}`
    const { ink, grid } = this.colours
    const common = { stroke: ink, font, grid: { stroke: grid, width: 1 }, ticks: { show: false }, border: { show: false } }
    const placed = axes.sides(units, width)
    const scales = { x: { time: false, auto: false, range: (u, lo, hi) => [lo, hi] } }
    for (const name of units) scales[`y:${name}`] = { auto: true, range: () => this.ranges.get(name) || [0, 1] }
    this.u = new uPlot(
      {
        width: Math.max(width, 50),
        height: Math.max(height, 50),
        padding: [TOP * this.size, 8, 0, 8],
        legend: { show: false },
        cursor: { y: false, points: { show: false }, drag: { x: false, y: false, setScale: false } },
        select: { show: false },
        scales,
        series: [{}, ...units.map((name) => ({ scale: `y:${name}`, paths: () => null, points: { show: false } }))],
        axes: [
          {
            ...common,
            space: 70 * this.size,
            size: 30 * this.size,
            gap: 6,
            incrs: () => axes.timeSteps(this.view.from, this.view.to),
            values: (u, list, i, space, step) => {
              const most = Math.max(Math.abs(this.view.from), Math.abs(this.view.to))
              return list.map((x) => axes.timeText(x, step, most, number))
            },
          },
          ...placed.map(({ unit: name, side, show }, i) => ({
            ...common,
            stroke: () => this.inkOf(name),
            show,
            side,
            scale: `y:${name}`,
            grid: { ...common.grid, show: i === 0 },
            space: 44 * this.size,
            gap: 6,
            size: (u, values) => (10 + 7.6 * Math.max(2, ...(values || []).map((v) => v.length))) * this.size,
            values: (u, list, at, space, step) => list.map((x) => number(x, axes.decimals(step))),
          })),
        ],
        hooks: { drawAxes: [() => this.paint()], setCursor: [(u) => this.moved(u.cursor.left)] },
      },
      [[0, 1], ...units.map(() => [null, null])],
      this.root,
    )
    this.placed = placed
    this.detach = attach(this.u.over, this)
    this.u.root.setAttribute('aria-hidden', 'true')
  }

  // An axis that belongs to one channel has its colour.
  inkOf(name) {
    const own = [...new Set([...this.curves, ...this.under].filter((c) => (c.unit || '') === name).map((c) => c.look))]
    return own.length === 1 ? this.colours.channels[looks(own[0]).colour] : this.colours.ink
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.root
    if (!this.u || width < 50 || height < 50) return
    const shown = axes.sides(this.units, width).filter((s) => s.show).length
    if (shown !== this.placed.filter((s) => s.show).length) this.build(this.units)
    else if (width !== this.u.width || height !== this.u.height) this.u.setSize({ width, height })
    this.invalidate()
  }

  // ---- Places --------------------------------------------------------------------------------------------------------

  get width() {
    return this.u.bbox.width / devicePixelRatio
  }

  partAt(x) {
    return x / this.width
  }

  timeAt(x) {
    return this.view.from + (this.view.to - this.view.from) * this.partAt(x)
  }

  valueAt(y) {
    const [lo, hi] = this.ranges.get(this.sketching) || [0, 1]
    return hi - ((hi - lo) * y) / (this.u.bbox.height / devicePixelRatio)
  }

  get first() {
    return Math.min(0, ...this.curves.map((c) => c.data.from + (c.offset || 0)))
  }

  get last() {
    const ends = this.curves.map((c) => c.data.to + (c.offset || 0))
    if (!ends.length) for (const l of this.under) if (l.points.length) ends.push(l.points[l.points.length - 1][0])
    return Math.max(0, ...ends)
  }

  // ---- What the viewer does ---------------------------------------------------------------------------------------------

  setView(view) {
    if (view === this.view) return
    this.view = view
    this.told.view(view)
    this.invalidate()
  }

  select(selection) {
    this.selection = selection
    this.told.select(selection, false)
    this.invalidate()
  }

  selected() {
    if (!views.ordered(this.selection)) this.selection = null
    this.told.select(this.selection, true)
    this.invalidate()
  }

  stroke(point, begins) {
    this.told.stroke(point, begins)
  }

  setCursor(x) {
    this.u.setCursor({ left: x, top: 10 })
  }

  moved(left) {
    const at = left >= 0 ? this.timeAt(left) : null
    if (at === this.cursor) return
    this.cursor = at
    this.told.cursor(at)
  }

  // The value that is drawn of a curve at a time; NaN where nothing is.
  valueOf(id, at) {
    const c = this.columns.get(id)
    if (!c || !c.n) return NaN
    let lo = 0
    let hi = c.n
    while (lo < hi) {
      const mid = (lo + hi) >> 1
      if (c.t[mid] < at) lo = mid + 1
      else hi = mid
    }
    const near = lo === c.n || (lo > 0 && at - c.t[lo - 1] < c.t[lo] - at) ? lo - 1 : lo
    if (lo > 0 && lo < c.n && c.cut[lo] && at > c.t[lo - 1] && Math.abs(c.t[near] - at) > (this.view.to - this.view.from) / 100) return NaN
    return at > c.t[c.n - 1] + (this.view.to - this.view.from) / 100 || at < c.t[0] - (this.view.to - this.view.from) / 100 ? NaN : c.last[near]
  }

  // Actions of keys.js and of the buttons.
  act(name, amount) {
    const { view, first, last } = this
    switch (name) {
      case 'pan':
        return this.setView(views.pan(view, amount))
      case 'zoom':
        return this.setView(views.zoom(view, amount, view.edge ? null : this.cursor))
      case 'home':
        return this.setView(views.home(view, first))
      case 'end':
        return this.setView(
          this.live ? views.follow(view) : { ...view, from: last - (view.to - view.from), to: last, edge: '' },
        )
      case 'follow':
        return this.setView(views.follow(view))
      case 'all':
        return this.setView(views.showAll(view, first, last, this.live || this.ready))
      case 'cursor': {
        const at = this.cursor ?? (view.from + view.to) / 2
        const part = Math.min(1, Math.max(0, (at - view.from) / (view.to - view.from) + amount))
        return this.setCursor(part * this.width)
      }
      case 'anchor': {
        const at = this.cursor ?? (view.from + view.to) / 2
        return this.select([at, at])
      }
      case 'select':
        this.select(views.extend(this.selection, amount, view, this.cursor))
        return this.told.select(this.selection, true)
      case 'clear':
        this.selection = null
        return this.selected()
      default:
        return this.told.action(name)
    }
  }

  // ---- Drawing -----------------------------------------------------------------------------------------------------------

  // New data: a class reads no more than some pictures a second, and what is pressed meanwhile must not wait. Drawing takes at most a
  // quarter of the time.
  later() {
    if (this.frame || this.waiting) return
    const pause = Math.max(LIVE_MS, 3 * this.took) - (performance.now() - this.drawn)
    if (pause <= 0) {
      this.invalidate()
      return
    }
    this.waiting = setTimeout(() => {
      this.waiting = 0
      this.invalidate()
    }, pause)
  }

  invalidate() {
    if (!this.frame) this.frame = requestAnimationFrame(() => this.draw())
  }

  draw() {
    this.frame = 0
    this.drawn = performance.now()
    const { u } = this
    if (!u || this.root.clientWidth < 50) return
    const settled = views.settle(this.view, this.first, this.last)
    if (settled !== this.view) {
      this.view = settled
      this.told.view(settled)
    }
    const { from, to } = settled
    const px = Math.max(50, Math.round(u.bbox.width))
    const extents = new Map(this.units.map((name) => [name, [Infinity, -Infinity]]))
    for (const c of this.curves) {
      if (!this.columns.has(c.id)) this.columns.set(c.id, new Columns())
      const columns = this.columns.get(c.id)
      const off = c.offset || 0
      c.data.columns(c.channel, from - off, to - off, px, columns)
      columns.extent(from - off, to - off, extents.get(c.unit || ''))
    }
    for (const line of [...this.under, ...this.over]) {
      const e = extents.get(line.unit || '')
      for (const [x, v] of e ? line.points : []) {
        if (x < from || x > to) continue
        e[0] = Math.min(e[0], v)
        e[1] = Math.max(e[1], v)
      }
    }
    for (const [name, [lo, hi]] of extents) {
      const hint = this.hints.get(name)
      if (hint) this.ranges.set(name, [Math.min(lo, hint[0]), Math.max(hi, hint[1])])
      else if (lo <= hi) this.ranges.set(name, views.range(this.ranges.get(name), lo, hi))
    }
    u.setScale('x', { min: from, max: to }) // the y scales follow by their `range`
    if (u.cursor.left >= 0) this.moved(u.cursor.left)
    this.want(from, to, px)
    queueMicrotask(() => (this.took = performance.now() - this.drawn)) // uPlot draws in a microtask of its own, before this one
  }

  // What is lacking is asked for when the view has come to rest.
  want(from, to, px) {
    clearTimeout(this.asked)
    this.asked = setTimeout(() => {
      for (const data of new Set(this.curves.map((c) => c.data))) {
        const off = this.curves.find((c) => c.data === data).offset || 0
        data.want(from - off, to - off, px)
      }
    }, 120)
  }

  paint() {
    const { u, view, colours } = this
    if (!u) return // uPlot's first picture, before there is anything to draw
    const { ctx, bbox } = u
    const ratio = devicePixelRatio
    const box = { ...bbox, from: view.from, to: view.to, ratio }
    const look = (l, alpha) => ({
      ...l, alpha, colour: colours.channels[l.colour], ground: colours.ground, width: l.width ?? 2 * this.size,
    })
    this.unitsOver(ctx, bbox, ratio)
    clipped(ctx, box, () => {
      this.paintSelection(ctx, box)
      for (const l of this.under) {
        const under = { ...look(looks(l.look)), width: 7 * this.size, alpha: 0.35, dash: [] }
        through(ctx, box, this.ranges.get(l.unit || '') || [0, 1], l.points, under)
      }
      for (const c of this.curves) {
        const range = this.ranges.get(c.unit || '') || [0, 1]
        if (!this.columns.has(c.id)) continue // new since the last frame
        if (this.filled?.id === c.id)
          area(ctx, box, range, this.columns.get(c.id), [this.filled.from, this.filled.to], colours.channels[looks(c.look).colour])
        const own = look(looks(c.look), c.alpha)
        if (c.dash) own.dash = c.dash
        curve(ctx, box, range, this.columns.get(c.id), own, c.offset || 0)
      }
      for (const l of this.over)
        through(ctx, box, this.ranges.get(l.unit || '') || [0, 1], l.points, {
          colour: colours.mark, width: 2.5 * this.size, dash: l.dash || [], alpha: 0.85,
        })
      moments(ctx, box, this.moments, { colour: colours.mark, ground: colours.ground, font: 'sans-serif' })
    })
  }

  unitsOver(ctx, bbox, ratio) {
    ctx.font = `600 ${Math.round(FONT * this.size * ratio)}px ${getComputedStyle(this.root).fontFamily}`
    ctx.fillStyle = this.colours.ink
    ctx.textBaseline = 'middle'
    let left = bbox.left
    let right = bbox.left + bbox.width
    this.placed.forEach(({ unit: name, side, show }, i) => {
      if (!show) return
      const size = this.u.axes[i + 1]._size * ratio
      ctx.textAlign = side === 3 ? 'right' : 'left'
      ctx.fillStyle = this.inkOf(name)
      const x = side === 3 ? left - 6 * ratio : right + 6 * ratio
      ctx.fillText(unit(name) || '·', x, bbox.top - 13 * this.size * ratio)
      if (side === 3) left -= size
      else right += size
    })
    ctx.fillStyle = this.colours.ink
    ctx.textAlign = 'right'
    ctx.textBaseline = 'bottom'
    ctx.globalAlpha = 0.75
    ctx.fillText(t(axes.timeUnit(this.view.from, this.view.to)), bbox.left + bbox.width - 4 * ratio, bbox.top + bbox.height - 4 * ratio)
    ctx.globalAlpha = 1
  }

  paintSelection(ctx, box) {
    if (!this.selection) return
    const x = (time) => box.left + ((time - box.from) / (box.to - box.from)) * box.width
    const [a, b] = [x(Math.min(...this.selection)), x(Math.max(...this.selection))]
    ctx.fillStyle = this.colours.select
    ctx.fillRect(a, box.top, Math.max(b - a, box.ratio), box.height)
    ctx.fillStyle = this.colours.accent
    for (const edge of [a, b]) ctx.fillRect(edge - box.ratio, box.top, 2 * box.ratio, box.height)
  }
}
