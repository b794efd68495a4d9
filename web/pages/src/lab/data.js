// The samples of one run: what comes live, what is read from the run file, and which of them a stretch is drawn from.
// It asks for what it lacks; nobody waits. `call` is the connection's, `changed` is told when there is more to draw.
import { Trace } from './trace.js'
import { fromOverview, fromRead, fromTrace } from './columns.js'

const RAW_READ = 20000 // samples of an answer (docs/protocol.md, run.read)
const RAW_WHOLE = 60000 // a run with no more is read whole, once
const WIDTH = 2000 // columns of the first look at a run
const WIDTH_MAX = 4000
const WINDOWS = 4 // stretches that were read and are kept
const PATCH_MS = 400 // the room writes each 100 ms: by then a hole is in the file
const PATCH_AHEAD = 0.3 // s
const RETRY_MS = 3000

const nan = (x) => (x === null ? NaN : x)

// Samples with a NaN in each gap.
export function withGaps(channel) {
  const gaps = new Set(channel.gaps.map((g) => g[0]))
  const t = []
  const v = []
  for (let i = 0; i < channel.t.length; i++) {
    if (gaps.has(channel.t[i])) {
      t.push(i ? (channel.t[i - 1] + channel.t[i]) / 2 : channel.t[i] - 1e-6)
      v.push(NaN)
    }
    t.push(channel.t[i])
    v.push(nan(channel.value[i]))
  }
  return { t, v, samples: channel.t.length }
}

function asColumns(channel) {
  return {
    t: Float64Array.from(channel.t),
    lo: Float64Array.from(channel.min, nan),
    hi: Float64Array.from(channel.max, nan),
    seen: channel.min.map((x) => x !== null),
    gap: channel.gap,
  }
}

export class RunData {
  constructor({ run, channels, call, changed = () => {}, wait = (fn, ms) => setTimeout(fn, ms) }) {
    this.run = run
    this.call = call
    this.changed = changed
    this.wait = wait
    this.traces = new Map(channels.map((c) => [c, new Trace()]))
    this.windows = [] // newest first: {from, to, step, channels: Map}
    this.from = 0 // s, of the first sample known
    this.to = 0 // s, of the newest
    this.reading = false
    this.wanted = null
    this.patching = false
    this.closed = false
    this.loaded = false
    this.version = 0 // counts what changed
  }

  close() {
    this.closed = true
  }

  touched() {
    this.version++
    if (!this.closed) this.changed()
  }

  reach(t) {
    if (t < this.from) this.from = t
    if (t > this.to) this.to = t
  }

  // ---- Live -----------------------------------------------------------------------------------------------

  // The `sample` event and its values; when they were not regular, their n times are behind them.
  block(head, values) {
    const trace = this.traces.get(head.channel)
    const n = Math.min(head.n ?? values.length, values.length)
    if (!trace || n < 1) return
    const times = !head.interval_us && values.length >= 2 * n ? values.subarray(n, 2 * n) : null
    const t0 = times ? times[0] : head.t_ms / 1000
    trace.push(t0, (head.interval_us || 0) / 1e6, values.subarray(0, n), times, head.lost || 0)
    this.reach(t0)
    this.reach(trace.last)
    if (trace.holes.length) this.patch()
    this.touched()
  }

  // Samples were left out for this page, or the connection was away: reads what came after the newest one here.
  async catchUp() {
    if (!this.loaded || this.closed) return
    const from = Math.min(...[...this.traces.values()].map((t) => (t.n ? t.last : 0)))
    try {
      await this.readInto(from, this.to + 1e6)
    } catch (e) {
      this.wait(() => this.catchUp(), RETRY_MS)
    }
  }

  // Reads the holes of all channels at once, a moment later.
  patch() {
    if (this.patching) return
    this.patching = true
    this.wait(async () => {
      try {
        const holes = [...this.traces.values()].flatMap((t) => t.holes)
        const from = Math.min(...holes.map((h) => h[0]))
        const to = Math.max(...holes.map((h) => h[1]))
        if (!this.closed && holes.length) await this.readInto(from, to + PATCH_AHEAD / 1000, true)
      } catch (e) {
        // the holes stay, and are asked for with the next block
      } finally {
        this.patching = false
      }
    }, PATCH_MS)
  }

  // Samples of [from, to] into the rings; what is too much for that goes into the overview only.
  async readInto(from, to, holes = false) {
    const names = [...this.traces.keys()].filter((c) => !holes || this.traces.get(c).holes.length)
    if (this.expected(from, Math.min(to, this.to)) > 2 * RAW_READ) await this.readOverview(from)
    else await this.readSamples(from, to, names)
  }

  async readSamples(from, to, names) {
    for (let at = from; at !== undefined && !this.closed;) {
      const r = await this.call('run.read', { run: this.run, channels: names, from: at, to })
      for (const c of r.channels) this.take(c, at, r.more === undefined ? to : r.more)
      at = r.more
    }
    this.touched()
  }

  take(channel, from, to) {
    const trace = this.traces.get(channel.channel)
    const { t, v } = withGaps(channel)
    if (!trace) return
    if (!t.length) {
      trace.holes = trace.holes.filter((h) => h[0] < from || h[1] > to) // there is nothing: a gap
      return
    }
    if (trace.n && from <= trace.last) trace.fill(from, Math.min(to, trace.last), ...until(t, v, trace.last))
    for (let i = 0; i < t.length; i++) if (!(t[i] <= trace.last)) trace.put(t[i], v[i])
    this.reach(t[0])
    this.reach(t[t.length - 1])
  }

  // ---- From the run file ----------------------------------------------------------------------------------

  // Samples of all channels in a stretch, as far as can be told.
  expected(from, to) {
    let n = 0
    for (const trace of this.traces.values()) {
      const span = this.to - this.from
      const hz = trace.interval ? 1 / trace.interval : span > 0 ? (trace.total || trace.count) / span : 0
      n += Math.max(0, to - from) * hz
    }
    return n
  }

  // The whole run, as its samples when they are few. `totals`: {channel: samples}.
  async load(totals = {}, duration = 0) {
    let sum = 0
    for (const [name, trace] of this.traces) {
      trace.total = totals[name] || 0
      sum += trace.total
    }
    this.reach(duration)
    if (sum > RAW_WHOLE) await this.readOverview()
    else await this.readSamples(-1e6, 1e6 + duration, [...this.traces.keys()])
    this.loaded = true
    this.touched()
  }

  async readOverview(from) {
    const params = { run: this.run, width: WIDTH }
    if (from !== undefined) params.from = from
    const r = await this.call('run.read', params)
    for (const c of r.channels) {
      const trace = this.traces.get(c.channel)
      if (!trace) continue
      if (trace.n && from !== undefined) trace.forget(Infinity)
      trace.whole = false
      const some = c.t.filter((t, i) => c.min[i] !== null)
      if (!some.length) continue
      const step = (some[some.length - 1] - some[0]) / WIDTH
      for (let i = 0; i < c.t.length; i++) {
        if (c.min[i] !== null) trace.overview.merge(c.t[i], c.min[i], c.max[i], step, c.gap[i])
      }
      this.reach(some[0])
      this.reach(some[some.length - 1])
    }
    this.touched()
  }

  // What is visible, finer than what is here: read when it is needed and nothing else is being read.
  want(from, to, px) {
    this.wanted = this.lacks(from, to, px) ? { from, to, px } : null
    if (this.wanted && !this.reading) this.read()
  }

  lacks(from, to, px) {
    const step = (to - from) / px
    let lacking = false
    for (const [name, trace] of this.traces) {
      const end = Math.min(to, this.to, trace.rawFrom)
      if (trace.rawFrom <= from || end <= Math.max(from, this.from)) continue
      if (trace.overview.width > 0 && trace.overview.width <= step * 1.5) continue
      if (!this.window(name, Math.max(from, this.from), end, step)) lacking = true
    }
    return lacking
  }

  window(name, from, to, step) {
    for (const w of this.windows) {
      if (w.from <= from && w.to >= to && w.step <= step * 1.5 && w.channels.has(name)) return w.channels.get(name)
    }
    return null
  }

  async read() {
    this.reading = true
    while (this.wanted && !this.closed) {
      const { from, to, px } = this.wanted
      this.wanted = null
      const half = (to - from) / 2
      const a = Math.max(this.from, from - half)
      const b = Math.min(this.to + 0.001, to + half)
      const raw = this.expected(a, b) <= RAW_READ * 0.8
      const params = { run: this.run, from: a, to: b }
      if (!raw) params.width = Math.min(WIDTH_MAX, Math.ceil(px * 2))
      try {
        const r = await this.call('run.read', params)
        if (r.more !== undefined) continue
        const channels = new Map(r.channels.map((c) => [c.channel, raw ? withGaps(c) : asColumns(c)]))
        const step = raw ? 0 : (b - a) / params.width
        this.windows = [{ from: a, to: b, step, channels }, ...this.windows.slice(0, WINDOWS - 1)]
        this.touched()
      } catch (e) {
        this.wait(() => this.touched(), RETRY_MS)
        break
      }
    }
    this.reading = false
  }

  // ---- To be drawn ----------------------------------------------------------------------------------------

  // The columns of one channel on a plot that is `px` wide.
  columns(name, from, to, px, out) {
    const trace = this.traces.get(name)
    const step = (to - from) / px
    out.clear()
    if (!trace || !(step > 0)) return out
    const raw = trace.rawFrom
    if (!(raw <= from)) {
      const end = raw <= to ? raw : to
      const w = this.window(name, Math.max(from, this.from), Math.min(end, this.to), step)
      if (w) fromRead(w, from, end, step, out)
      else fromOverview(trace.overview, from, end, step, out)
    }
    if (!(raw > to)) fromTrace(trace, Math.max(from, raw), to, step, out)
    return out
  }
}

function until(t, v, end) {
  let n = t.length
  while (n > 0 && t[n - 1] >= end) n--
  return [t.slice(0, n), v.slice(0, n)]
}
