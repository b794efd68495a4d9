// Words, numbers and times in the language of the reader. Catalogues are messages/<page>.{vi,en}.js: {key: text}, with {name} for
// what is put in; a list [one, other] where English tells singular from plural by {n}.
import { useEffect, useState } from 'preact/hooks'
import { catalogues } from '../messages/index.js'
import { compare, matches } from './collate.js'
import { chooseLanguage, language, onSetting } from './settings.js'

const texts = { vi: {}, en: {} }
const loaded = new Set()

// Loads a page's words in the present language; t() has them when the promise is kept.
export async function loadWords(page, lang = language()) {
  const key = `${page}.${lang}`
  if (loaded.has(key) || !catalogues[page]) return
  const module = await catalogues[page][lang]()
  Object.assign(texts[lang], module.default)
  loaded.add(key)
}

// Loads what has been loaded so far in the other language, then switches to it.
export async function setLanguage(lang) {
  const pages = new Set([...loaded].map((key) => key.slice(0, key.lastIndexOf('.'))))
  await Promise.all([...pages].map((page) => loadWords(page, lang)))
  chooseLanguage(lang)
}

export function t(key, params) {
  let text = texts[language()][key]
  if (text === undefined) return key
  if (Array.isArray(text)) text = text[params?.n === 1 ? 0 : 1]
  return params ? text.replace(/\{(\w+)\}/g, (whole, name) => params[name] ?? whole) : text
}

// Whether there is a text: for words of a device that a newer profile may have and the catalogue not yet.
export function has(key) {
  return texts[language()][key] !== undefined
}

// {vi, en} of the wire in the reader's language, the other one where that is missing.
export function label(both, fallback = '') {
  if (!both) return fallback
  return both[language()] || both.vi || both.en || fallback
}

// Renders the component again when the language changes.
export function useLanguage() {
  const [lang, setLang] = useState(language())
  useEffect(() => onSetting((key) => key === 'language' && setLang(language())), [])
  return lang
}

// ---- Numbers -----------------------------------------------------------------------------------------------------

const formats = new Map()
function format(kind, key, make) {
  const full = `${kind}.${language()}.${key}`
  let f = formats.get(full)
  if (!f) formats.set(full, (f = make(language() === 'vi' ? 'vi-VN' : 'en-GB')))
  return f
}

// 1234.5 → "1.234,5". `decimals` fixed when given, at most 3 otherwise.
export function number(x, decimals) {
  if (x === null || x === undefined || !Number.isFinite(x)) return '–'
  const options =
    decimals === undefined ? { maximumFractionDigits: 3 } : { minimumFractionDigits: decimals, maximumFractionDigits: decimals }
  return format('number', decimals ?? 'any', (locale) => new Intl.NumberFormat(locale, options)).format(x)
}

const UNITS = {
  Cel: '°C', '[ppm]': 'ppm', '[ppb]': 'ppb', 'ug/m3': 'µg/m³', 'dB[SPL]': 'dB', '[pH]': 'pH', 'uS/cm': 'µS/cm', deg: '°',
  Ohm: 'Ω', uF: 'µF', 'm/s2': 'm/s²', 'W/m2': 'W/m²', 'uSv/h': 'µSv/h', 'kW.h': 'kWh', 'V.A': 'VA', 'N.m': 'N·m',
  '[NTU]': 'NTU', 1: '', '/min': '/min', s2: 's²',
}
// A UCUM code as people write it.
export function unit(code) {
  return code ? (UNITS[code] ?? code) : ''
}

// ---- Times: microseconds of the wire, milliseconds of a duration ---------------------------------------------------

const toDate = (us) => new Date(us / 1000)

// 22/11/2026
export function date(us) {
  const d = toDate(us)
  const two = (n) => String(n).padStart(2, '0')
  return `${two(d.getDate())}/${two(d.getMonth() + 1)}/${d.getFullYear()}`
}

// "Thứ Hai"
export function weekday(us) {
  return format('weekday', '', (locale) => new Intl.DateTimeFormat(locale, { weekday: 'long' })).format(toDate(us))
}

// 09:05, with seconds when asked
export function time(us, seconds = false) {
  const d = toDate(us)
  const two = (n) => String(n).padStart(2, '0')
  return `${two(d.getHours())}:${two(d.getMinutes())}${seconds ? `:${two(d.getSeconds())}` : ''}`
}

export function dateTime(us, seconds = false) {
  return `${time(us, seconds)} ${date(us)}`
}

// 80000 → "1 phút 20 giây"; two parts at most, the larger ones.
export function duration(ms) {
  const s = Math.max(0, Math.round(ms / 1000))
  const parts = [
    ['common.days', Math.floor(s / 86400)],
    ['common.hours', Math.floor(s / 3600) % 24],
    ['common.minutes', Math.floor(s / 60) % 60],
    ['common.seconds', s % 60],
  ]
  const first = parts.findIndex(([, n]) => n > 0)
  if (first < 0) return t('common.seconds', { n: 0 })
  return parts
    .slice(first, first + 2)
    .filter(([, n]) => n > 0)
    .map(([key, n]) => t(key, { n }))
    .join(' ')
}

// 12000 → "12 giây trước": one part, since nobody needs the seconds of an hour
export function age(ms) {
  const s = Math.max(0, Math.floor(ms / 1000))
  const [key, n] =
    s < 60 ? ['seconds', s] : s < 3600 ? ['minutes', Math.floor(s / 60)] : s < 86400 ? ['hours', Math.floor(s / 3600)] : ['days', Math.floor(s / 86400)]
  return t('common.ago', { what: t(`common.${key}`, { n }) })
}

// ---- Order and search ----------------------------------------------------------------------------------------------

export const collate = (a, b) => compare(a, b, language())
export const search = matches
