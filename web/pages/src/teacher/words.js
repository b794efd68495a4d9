// Sentences about devices, points and steps, in the reader's language.
import { deviceName, sceneName } from '../lib/names.js'
import { getMeta } from '../lib/store.js'
import { has, label, number, t, withUnit } from '../lib/words.js'

export { deviceName, sceneName }

// In the middle of a sentence: "máy chiếu", but "HDMI"
export function inSentence(text) {
  return text.length > 1 && text[1] === text[1].toLowerCase() ? text[0].toLowerCase() + text.slice(1) : text
}

export const listOf = (names) => names.map((n) => inSentence(deviceName(n))).join(', ')

const PLAIN = { hdmi: 'HDMI', vga: 'VGA', dvi: 'DVI', usb: 'USB', ops: 'OPS', av: 'AV', tv: 'TV', sdi: 'SDI', hdbaset: 'HDBaseT' }
// "hdmi1" → "HDMI 1", "usb-display" → "USB display"
export function inputName(value) {
  if (has(`teacher.input.${value}`)) return t(`teacher.input.${value}`)
  const m = /^([a-z]+)(\d*)$/.exec(value)
  const word = m && (PLAIN[m[1]] ?? (has(`teacher.input.${m[1]}`) ? t(`teacher.input.${m[1]}`) : null))
  if (word) return m[2] ? `${word} ${m[2]}` : word
  const text = value.replace(/[-_]/g, ' ').replace(/(\D)(\d)/, '$1 $2')
  return text.replace(/^\w+/, (w) => PLAIN[w] ?? w[0].toUpperCase() + w.slice(1))
}

// A value as people say it: "bật", "−12 dB", "HDMI 1".
export function valueText(point, value, desc) {
  if (value === null || value === undefined) return t('value.unknown')
  if (typeof value === 'boolean') return t(value ? 'value.on' : 'value.off')
  if (typeof value === 'number') {
    const decimals = desc?.unit === 'dB' || Number.isInteger(value) ? undefined : Math.abs(value) >= 1000 ? 0 : 1
    return withUnit(number(value, decimals), desc?.unit)
  }
  if (point === 'input') return inputName(value)
  return has(`teacher.value.${value}`) ? t(`teacher.value.${value}`) : value
}

export function pointName(device, point) {
  if (has(`teacher.point.${point}`)) return t(`teacher.point.${point}`)
  return label(getMeta(device)?.point[point]?.label, point)
}

// What a step does or undo puts back: "Máy chiếu: bật", "Đèn lớp: phía trước tắt"
export function doing(target, value) {
  const dot = target.indexOf('.')
  const device = target.slice(0, dot)
  const point = target.slice(dot + 1)
  const known = `teacher.do.${point}.${value}`
  if (has(known)) return { device: deviceName(device), what: t(known) }
  const desc = getMeta(device)?.point[point]
  const text = value === undefined ? '' : valueText(point, value, desc)
  return { device: deviceName(device), what: `${inSentence(pointName(device, point))} ${text}`.trim() }
}

export function doingText(target, value) {
  const { device, what } = doing(target, value)
  return `${inSentence(device)} ${what}`
}

// Who: a person, the timetable, a remote control.
export function who(by) {
  if (by === 'device') return t('teacher.by.device')
  if (by === 'timetable') return t('teacher.by.timetable')
  if (by.startsWith('scene:')) return sceneName(by.slice(6))
  return t('teacher.by.person', { who: by })
}

// What went wrong with a request: the sentence for a person, what to try, and the code for who is called.
export function trouble(error) {
  const key = `error.${error.code}`
  const text = t(has(key) ? key : 'error.other')
  const remedy = label(error.data?.remedy)
  const code = typeof error.code === 'number' ? t('error.code', { code: error.code, text: error.data?.reason ?? error.message }) : ''
  return { text, remedy, code }
}
