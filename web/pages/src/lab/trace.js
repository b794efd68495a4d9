// One channel of a run in bounded memory: the newest samples as they are, in a ring, and the whole run as extremes.
//
// A gap is an entry whose value is NaN. A hole is a stretch that was not told to this page (the room tells ten blocks a
// second, the run file has them all): drawn as nothing until it has been read and filled in.
import { Overview } from './overview.js'

export const RING = 131072 // samples of a channel that are kept as they are: 2 MiB
const FIRST = 1024 // a ring begins with so many and doubles
const HOLES = 64 // stretches that wait to be read; more: only what comes after the last one is trusted
const LATE = 0.75 // of an interval: a jump in time by more is a gap (docs/experiments.md, section 3)

export class Trace {
  constructor(limit = RING) {
    this.limit = limit
    this.t = new Float64Array(Math.min(FIRST, limit))
    this.v = new Float64Array(this.t.length)
    this.start = 0 // of the oldest entry
    this.n = 0
    this.overview = new Overview()
    this.holes = [] // [from, to], oldest first
    this.whole = true // the ring has all samples of the run
    this.interval = 0 // s, of the last regular block
    this.count = 0 // values, without gaps
    this.lost = 0
  }

  // Place in the arrays of entry i, 0 being the oldest.
  at(i) {
    return (this.start + i) & (this.t.length - 1)
  }

  get first() {
    return this.n ? this.t[this.start] : NaN
  }

  get last() {
    return this.n ? this.t[this.at(this.n - 1)] : NaN
  }

  // The newest value that is a number.
  get value() {
    for (let i = this.n - 1; i >= 0 && i > this.n - 64; i--) {
      const v = this.v[this.at(i)]
      if (!Number.isNaN(v)) return v
    }
    return NaN
  }

  // From here on the ring has everything that was measured.
  get rawFrom() {
    return this.whole ? -Infinity : this.n ? this.first : Infinity
  }

  // A block as it comes: n values, the first at t0, interval dt; or each with its own time.
  push(t0, dt, values, times = null, lost = 0) {
    const n = values.length
    let i = 0
    const last = this.last
    const time = (k) => (times ? times[k] : t0 + k * dt)
    while (i < n && time(i) <= last) i++ // told twice: after a reconnection
    if (i === n) return
    if (lost > 0) {
      this.lost += lost
      this.put(last >= -Infinity ? (last + time(i)) / 2 : time(i), NaN)
    } else if (i === 0 && dt > 0 && this.n && time(0) - last > (1 + LATE) * dt) {
      this.hole(last, time(0))
    }
    if (dt > 0) this.interval = dt
    for (; i < n; i++) this.put(time(i), values[i])
  }

  // A stretch that was measured perhaps, but not told.
  hole(from, to) {
    this.store((from + to) / 2, NaN)
    this.holes.push([from, to])
    if (this.holes.length > HOLES) this.forget(this.holes.shift()[1])
  }

  put(t, v) {
    this.store(t, v)
    if (Number.isNaN(v)) {
      this.overview.gap()
      return
    }
    this.count++
    this.overview.add(t, v, this.interval)
  }

  store(t, v) {
    if (this.n === this.t.length && !this.grow()) {
      this.start = (this.start + 1) & (this.t.length - 1)
      this.n--
      this.whole = false
    }
    const i = this.at(this.n++)
    this.t[i] = t
    this.v[i] = v
  }

  grow() {
    const size = this.t.length
    if (size >= this.limit) return false
    const t = new Float64Array(size * 2)
    const v = new Float64Array(size * 2)
    for (let i = 0; i < this.n; i++) {
      t[i] = this.t[this.at(i)]
      v[i] = this.v[this.at(i)]
    }
    this.t = t
    this.v = v
    this.start = 0
    return true
  }

  // The first entry whose time is at least t; n when there is none.
  find(t) {
    let lo = 0
    let hi = this.n
    while (lo < hi) {
      const mid = (lo + hi) >> 1
      if (this.t[this.at(mid)] < t) lo = mid + 1
      else hi = mid
    }
    return lo
  }

  // What lies before t is no longer trusted to be whole.
  forget(t) {
    const k = this.find(t)
    this.start = this.at(k)
    this.n -= k
    this.whole = false
    this.holes = this.holes.filter((h) => h[1] > t)
  }

  // The samples of [from, to) as they were read: they take the place of what is there.
  fill(from, to, times, values) {
    if (from < this.rawFrom) return
    const a = this.find(from)
    const b = this.find(to)
    const tail = []
    for (let i = b; i < this.n; i++) tail.push(this.t[this.at(i)], this.v[this.at(i)])
    for (let i = a; i < b; i++) if (!Number.isNaN(this.v[this.at(i)])) this.count--
    this.n = a
    for (let i = 0; i < times.length; i++) this.put(times[i], values[i])
    for (let i = 0; i < tail.length; i += 2) this.store(tail[i], tail[i + 1])
    this.holes = this.holes.filter((h) => h[0] < from || h[1] > to)
  }
}
