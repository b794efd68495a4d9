// Numbers along the axes. Pure.

const SECONDS = 120 // s of run time up to which the axis counts seconds; then minutes, then hours
const HOURS = 7200
const CLOCK = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400]
const FINE = [1, 2, 5]

// Distances between ticks of run time that people can count with.
export function timeSteps(from, to) {
  const most = Math.max(Math.abs(from), Math.abs(to))
  const fine = []
  for (let e = -6; e < 0; e++) for (const f of FINE) fine.push(f * 10 ** e)
  if (most >= SECONDS) return [...fine, ...CLOCK]
  for (let e = 0; e < 3; e++) for (const f of FINE) fine.push(f * 10 ** e)
  return fine
}

// Decimals that tell ticks apart: 2 for a step of 0.25.
export function decimals(step) {
  let d = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9))
  while (d < 9 && Math.abs(step * 10 ** d - Math.round(step * 10 ** d)) > 1e-6 * step * 10 ** d) d++
  return Math.min(9, d)
}

// "2:05" of 125 s where the axis is long, "1,5" where it is short.
export function timeText(t, step, most, number) {
  if (most < SECONDS) return number(t, decimals(step))
  const sign = t < 0 ? '−' : ''
  const all = Math.abs(t)
  const s = all % 60
  const two = (n) => String(n).padStart(2, '0')
  const seconds = step < 1 ? number(s, decimals(step)).padStart(decimals(step) + 3, '0') : two(Math.round(s))
  if (most < HOURS) return `${sign}${Math.floor(all / 60)}:${seconds}`
  return `${sign}${Math.floor(all / 3600)}:${two(Math.floor(all / 60) % 60)}:${seconds}`
}

// What the axis counts: a word of the catalogue.
export function timeUnit(from, to) {
  const most = Math.max(Math.abs(from), Math.abs(to))
  return most < SECONDS ? 'lab.axis.s' : most < HOURS ? 'lab.axis.min' : 'lab.axis.h'
}

// Which units get an axis of their own where there is room for so many: [{unit, side}], the first to the left.
export function sides(units, width) {
  const room = width < 480 ? 2 : width < 900 ? 3 : 4
  return units.map((unit, i) => ({ unit, side: i % 2 ? 1 : 3, show: i < room }))
}
