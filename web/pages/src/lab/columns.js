// What a line of the plot is drawn from: at most one column for each pixel, with the first, least, greatest and last
// value in it. Columns lie on a grid of absolute time, so that a curve that moves to the left does not shimmer.

export class Columns {
  constructor(size = 512) {
    this.n = 0
    this.room(size)
  }

  room(size) {
    const old = this
    const grown = (a) => {
      const to = new Float64Array(size)
      if (a) to.set(a.subarray(0, old.n))
      return to
    }
    this.t = grown(this.t)
    this.first = grown(this.first)
    this.lo = grown(this.lo)
    this.hi = grown(this.hi)
    this.last = grown(this.last)
    const cut = new Uint8Array(size)
    if (this.cut) cut.set(this.cut.subarray(0, this.n))
    this.cut = cut
  }

  clear() {
    this.n = 0
    this.samples = 0
    this.id = NaN
    this.broken = true
  }

  // One sample, or a break (NaN). `step`: seconds of a pixel.
  add(t, v, step) {
    if (Number.isNaN(v)) {
      this.broken = true
      return
    }
    this.samples++
    const id = Math.floor(t / step)
    let i = this.n - 1
    if (id === this.id && !this.broken) {
      if (v < this.lo[i]) this.lo[i] = v
      if (v > this.hi[i]) this.hi[i] = v
      this.last[i] = v
      this.t[i] = (id + 0.5) * step
      return
    }
    i = this.next(t, this.broken)
    this.first[i] = this.lo[i] = this.hi[i] = this.last[i] = v
    this.id = id
    this.broken = false
  }

  // Extremes of a stretch, in whichever order lies nearer to what was before.
  span(t, lo, hi, step, cut) {
    const id = Math.floor(t / step)
    let i = this.n - 1
    if (id === this.id && !cut && !this.broken) {
      if (lo < this.lo[i]) this.lo[i] = lo
      if (hi > this.hi[i]) this.hi[i] = hi
      return
    }
    const up = i < 0 || Math.abs(this.last[i] - lo) <= Math.abs(this.last[i] - hi)
    i = this.next(t, cut || this.broken)
    this.lo[i] = lo
    this.hi[i] = hi
    this.first[i] = up ? lo : hi
    this.last[i] = up ? hi : lo
    this.id = id
    this.broken = false
  }

  next(t, cut) {
    if (this.n === this.t.length) this.room(this.n * 2)
    this.t[this.n] = t
    this.cut[this.n] = cut ? 1 : 0
    return this.n++
  }

  // Least and greatest of what lies in [from, to]; [Infinity, -Infinity] of nothing.
  extent(from, to, out = [Infinity, -Infinity]) {
    for (let i = 0; i < this.n; i++) {
      if (this.t[i] < from || this.t[i] > to) continue
      if (this.lo[i] < out[0]) out[0] = this.lo[i]
      if (this.hi[i] > out[1]) out[1] = this.hi[i]
    }
    return out
  }
}

// Samples of [from, to] out of a ring, with the neighbours on both sides so that the line leaves the plot.
export function fromTrace(trace, from, to, step, out) {
  const mask = trace.t.length - 1
  const { t, v, start } = trace
  const a = Math.max(0, trace.find(from) - 1)
  const b = Math.min(trace.n, trace.find(to) + 1)
  for (let i = a; i < b; i++) {
    const k = (start + i) & mask
    out.add(t[k], v[k], step)
  }
}

export function fromOverview(o, from, to, step, out) {
  const end = Math.min(o.n, o.index(to) + 2)
  for (let i = Math.max(0, o.index(from) - 1); i < end; i++) {
    if (o.seen(i) && o.time(i) <= to) out.span(o.time(i), o.lo[i], o.hi[i], step, o.cut(i))
  }
}

// A stretch that was read: {t, lo, hi, gap} by columns, or {t, v} by samples, NaN being a gap.
export function fromRead(read, from, to, step, out) {
  let a = 0
  let hi = read.t.length
  while (a < hi) {
    const mid = (a + hi) >> 1
    if (read.t[mid] < from) a = mid + 1
    else hi = mid
  }
  for (let i = Math.max(0, a - 1); i < read.t.length; i++) {
    if (read.v) out.add(read.t[i], read.v[i], step)
    else if (read.seen[i]) out.span(read.t[i], read.lo[i], read.hi[i], step, read.gap[i])
    if (read.t[i] > to) break
  }
}
