// What the class expects, sketched before the run: points over run time, one curve for each channel.
import { typedNumber } from './plan.js'

const POINTS = 500 // of a curve

export function add(points, t, v) {
  if (!Number.isFinite(t) || !Number.isFinite(v)) return points
  const kept = points.filter((p) => p[0] !== t)
  const at = kept.findIndex((p) => p[0] > t)
  const out = at < 0 ? [...kept, [t, v]] : [...kept.slice(0, at), [t, v], ...kept.slice(at)]
  return out.length > POINTS ? thin(out, POINTS) : out
}

// A stroke of the pointer takes the place of what was there in its stretch: one value for each time.
export function sketch(points, stroke) {
  const times = stroke.map((p) => p[0])
  const lo = Math.min(...times)
  const hi = Math.max(...times)
  const outside = points.filter((p) => p[0] < lo || p[0] > hi)
  const by = new Map()
  for (const [t, v] of stroke) if (Number.isFinite(t) && Number.isFinite(v)) by.set(t, v)
  const out = [...outside, ...by].sort((a, b) => a[0] - b[0])
  return out.length > POINTS ? thin(out, POINTS) : out
}

function thin(points, n) {
  return Array.from({ length: n }, (_, i) => points[Math.round((i * (points.length - 1)) / (n - 1))])
}

// Lines of "time value" as people type them: 0; 20 / 0 20 / 1,5 18,2. {points, wrong: [line numbers]}
export function parse(text) {
  const wrong = []
  let points = []
  text.split('\n').forEach((line, i) => {
    if (!line.trim()) return
    const parts = line.trim().split(/[;\t ]+/)
    const [t, v] = parts.map(typedNumber)
    if (parts.length !== 2 || Number.isNaN(t) || Number.isNaN(v)) wrong.push(i + 1)
    else points = add(points, t, v)
  })
  return { points, wrong }
}

export function print(points, number) {
  return points.map(([t, v]) => `${number(t)}; ${number(v)}`).join('\n')
}

// On the straight line between two points; NaN outside.
export function valueAt(points, t) {
  for (let i = 1; i < points.length; i++) {
    const [t0, v0] = points[i - 1]
    const [t1, v1] = points[i]
    if (t >= t0 && t <= t1) return t1 === t0 ? v1 : v0 + ((v1 - v0) * (t - t0)) / (t1 - t0)
  }
  return NaN
}
