// Words, numbers and times in the language of the reader. Catalogues are messages/<page>.{vi,en}.js: {key: text}, with {name} for
// what is put in; a list [one, other] where English tells singular from plural by {n}.
import { useEffect, useState } from 'preact/hooks'
import { catalogues } from '../messages/index.js'
import { compare, matches } from './collate.js'
import { durationParts, formatNumber, formatWeekday } from './format.js'
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

// ---- Numbers and times in that language (lib/format.js) ---------------------------------------------------------------

export { date, dateTime, time, unit, withUnit } from './format.js'
export const number = (x, decimals) => formatNumber(language(), x, decimals)
export const typed = (x, decimals) => formatNumber(language(), x, decimals, false)
export const weekday = (us) => formatWeekday(language(), us)

// 80000 → "1 phút 20 giây"; two parts at most, the larger ones.
export const duration = (ms) => durationParts(ms).map(([unit, n]) => t(`common.${unit}`, { n })).join(' ')

// 12000 → "12 giây trước": one part, since nobody needs the seconds of an hour
export const age = (ms) => {
  const [unit, n] = durationParts(ms)[0]
  return t('common.ago', { what: t(`common.${unit}`, { n }) })
}

// ---- Order and search ----------------------------------------------------------------------------------------------

export const collate = (a, b) => compare(a, b, language())
export const search = matches
