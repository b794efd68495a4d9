// The extremes of a whole run in even buckets. When they are used up, pairs become one: the memory stays the same
// however long the run is.

export const BUCKETS = 4096
const EMPTY = 0
const SEEN = 1
const GAP = 2 // something is missing in this bucket or right before it

export class Overview {
  constructor(size = BUCKETS) {
    this.size = size
    this.width = 0 // s
    this.base = 0 // the first bucket is [base * width, (base + 1) * width)
    this.n = 0
    this.lo = new Float64Array(size)
    this.hi = new Float64Array(size)
    this.state = new Uint8Array(size)
    this.pending = false // a gap that waits for the sample behind it
  }

  gap() {
    this.pending = true
  }

  add(t, v, interval = 0) {
    this.merge(t, v, v, interval, this.pending)
    this.pending = false
  }

  // The extremes of a stretch of `span` seconds around or from t.
  merge(t, lo, hi, span, gap = false) {
    if (!this.width) {
      this.width = span > 0 ? span : 0.05
      this.base = Math.floor(t / this.width)
    }
    while (this.width < span) this.fold()
    let i = Math.floor(t / this.width) - this.base
    while (i >= this.size || i < this.n - this.size) {
      this.fold()
      i = Math.floor(t / this.width) - this.base
    }
    if (i < 0) {
      this.shift(-i)
      i = 0
    }
    for (; this.n <= i; this.n++) this.state[this.n] = EMPTY
    if (this.state[i] & SEEN) {
      if (lo < this.lo[i]) this.lo[i] = lo
      if (hi > this.hi[i]) this.hi[i] = hi
    } else {
      this.lo[i] = lo
      this.hi[i] = hi
    }
    this.state[i] |= gap ? SEEN | GAP : SEEN
  }

  // Room for k buckets in front.
  shift(k) {
    this.lo.copyWithin(k, 0, this.n)
    this.hi.copyWithin(k, 0, this.n)
    this.state.copyWithin(k, 0, this.n)
    this.state.fill(EMPTY, 0, k)
    this.n += k
    this.base -= k
  }

  fold() {
    const base = Math.floor(this.base / 2)
    let n = 0
    for (let i = 0; i < this.n; i++) {
      const to = Math.floor((this.base + i) / 2) - base
      if (to === n) {
        this.lo[n] = this.lo[i]
        this.hi[n] = this.hi[i]
        this.state[n++] = this.state[i]
      } else if (this.state[i] & SEEN) {
        const seen = this.state[to] & SEEN
        this.lo[to] = seen ? Math.min(this.lo[to], this.lo[i]) : this.lo[i]
        this.hi[to] = seen ? Math.max(this.hi[to], this.hi[i]) : this.hi[i]
        this.state[to] |= this.state[i]
      }
    }
    this.n = n
    this.base = base
    this.width *= 2
  }

  // The first bucket at or behind t, and its time.
  index(t) {
    return this.width ? Math.max(0, Math.floor(t / this.width) - this.base) : 0
  }

  time(i) {
    return (this.base + i + 0.5) * this.width
  }

  seen(i) {
    return (this.state[i] & SEEN) !== 0
  }

  cut(i) {
    return (this.state[i] & GAP) !== 0
  }
}
