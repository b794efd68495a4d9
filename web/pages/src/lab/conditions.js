// Conditions of the room file in words: "water is above 40, for 2s" -> {key, channel, value, hold}. Pure; null for what has no words.
const FORMS = { 'rises above': 'rises', 'falls below': 'falls', 'is above': 'above', 'is below': 'below' }
const PATTERN = /^([a-z][a-z0-9_]*) (rises above|falls below|is above|is below) ([-+0-9.e]+)((?:, *[^,]+)*)$/
const SHORT = /^([a-z][a-z0-9_]*) *([<>]) *([-+0-9.e]+)((?:, *[^,]+)*)$/

// ms of "200ms", "2s", "5min"
export function milliseconds(text) {
  const m = /^([0-9.]+) *(ms|s|min|h)$/.exec(text)
  return m ? Number(m[1]) * { ms: 1, s: 1000, min: 60000, h: 3600000 }[m[2]] : NaN
}

export function condition(text) {
  const m = PATTERN.exec(text) ?? SHORT.exec(text)
  if (!m) return null
  const key = FORMS[m[2]] ?? (m[2] === '>' ? 'above' : 'below')
  const value = Number(m[3])
  if (!Number.isFinite(value)) return null
  const hold = /(?:^|,) *for ([^,]+)/.exec(m[4])
  return { key, channel: m[1], value, hold: hold ? milliseconds(hold[1].trim()) : 0 }
}
