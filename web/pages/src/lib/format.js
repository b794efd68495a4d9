// Numbers and times as people of a language write them. Pure, so that node can test it. Times are microseconds of the wire and shown
// in the zone of this machine; durations are milliseconds.

const formats = new Map()
function cached(key, make) {
  let f = formats.get(key)
  if (!f) formats.set(key, (f = make()))
  return f
}
const locale = (language) => (language === 'vi' ? 'vi-VN' : 'en-GB')

// A true minus sign, which is as wide as a plus; and no minus before what is rounded to nothing.
const signed = (text) => (text[0] !== '-' ? text : /[1-9]/.test(text) ? `\u2212${text.slice(1)}` : text.slice(1))

// 1234.5 → "1.234,5". `decimals` fixed when given, at most 3 otherwise. Not grouped: as somebody would type it.
export function formatNumber(language, x, decimals, grouped = true) {
  if (x === null || x === undefined || !Number.isFinite(x)) return '–'
  const digits =
    decimals === undefined ? { maximumFractionDigits: 3 } : { minimumFractionDigits: decimals, maximumFractionDigits: decimals }
  const make = () => new Intl.NumberFormat(locale(language), { ...digits, useGrouping: grouped })
  return signed(cached(`${language}.${decimals}.${grouped}`, make).format(x))
}

export const UNITS = {
  Cel: '°C', '[ppm]': 'ppm', '[ppb]': 'ppb', 'ug/m3': 'µg/m³', 'dB[SPL]': 'dB', '[pH]': 'pH', 'uS/cm': 'µS/cm', deg: '°',
  Ohm: 'Ω', uF: 'µF', 'm/s2': 'm/s²', 'W/m2': 'W/m²', 'uSv/h': 'µSv/h', 'kW.h': 'kWh', 'V.A': 'VA', 'N.m': 'N·m',
  '[NTU]': 'NTU', 1: '',
}
// A UCUM code as people write it.
export function unit(code) {
  return code ? (UNITS[code] ?? code) : ''
}

// "25,4" and Cel → "25,4 °C": what belongs together stays on one line.
export function withUnit(text, code) {
  const u = unit(code)
  return u === '°' ? `${text}${u}` : u ? `${text}\u00a0${u}` : text
}

const two = (n) => String(n).padStart(2, '0')

// 22/11/2026
export function date(us) {
  const d = new Date(us / 1000)
  return `${two(d.getDate())}/${two(d.getMonth() + 1)}/${d.getFullYear()}`
}

// 09:05, with seconds when asked
export function time(us, seconds = false) {
  const d = new Date(us / 1000)
  return `${two(d.getHours())}:${two(d.getMinutes())}${seconds ? `:${two(d.getSeconds())}` : ''}`
}

export const dateTime = (us, seconds = false) => `${time(us, seconds)} ${date(us)}`

// "Thứ Hai"
export function formatWeekday(language, us) {
  return cached(`${language}.weekday`, () => new Intl.DateTimeFormat(locale(language), { weekday: 'long' })).format(new Date(us / 1000))
}

// 80000 → [['minutes', 1], ['seconds', 20]]: the two largest parts, none of them 0 but the only one.
export function durationParts(ms) {
  const s = Math.max(0, Math.round(ms / 1000))
  const parts = [
    ['days', Math.floor(s / 86400)],
    ['hours', Math.floor(s / 3600) % 24],
    ['minutes', Math.floor(s / 60) % 60],
    ['seconds', s % 60],
  ]
  const first = parts.findIndex(([, n]) => n > 0)
  if (first < 0) return [['seconds', 0]]
  return parts.slice(first, first + 2).filter(([, n], i) => i === 0 || n > 0)
}
