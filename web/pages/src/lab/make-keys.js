// From what is picked in the page to the keys of an experiment (docs/profiles.md), and from the room's mistakes back to the part of
// the form they are about. Pure.
import { fold } from '../lib/collate.js'
import { UNITS } from '../lib/format.js'
import { typedNumber } from './plan.js'

const CHANNELS = 32 // of an experiment, and how long a run may be: what the room takes
const LONGEST = 31 * 86_400 // s
const CODES = Object.fromEntries(Object.entries(UNITS).map(([code, sign]) => [sign, code]).filter(([sign]) => sign))

const RESERVED = new Set(
  'abs sqrt exp ln log10 sin cos tan asin acos atan atan2 min max pi floor round e derivative integral smooth after at event by'.split(' '),
)
export const MEASURED = new Set(['float', 'int'])

// A point can be recorded when it is a number that is read, or comes by itself.
export function recordable(point) {
  return MEASURED.has(point.type) && (point.access !== 'write' || point.stream === true)
}

// "Nước đá" → nuoc-da: a name that is not taken yet.
export function experimentName(label, taken) {
  const base = fold(label).replace(/[^a-z0-9]+/g, '-').replace(/^[^a-z]+|-+$/g, '').slice(0, 40) || 'do'
  let name = base
  for (let i = 2; taken.includes(name); i++) name = `${base}-${i}`
  return name
}

// temperature, temperature_2, ...: a word of formulas.
export function channelName(point, taken) {
  let base = fold(point).replace(/[^a-z0-9]+/g, '_').replace(/^[^a-z]+|_+$/g, '').slice(0, 28) || 'x'
  if (RESERVED.has(base)) base = `${base}_1`
  let name = base
  for (let i = 2; taken.includes(name) || RESERVED.has(name); i++) name = `${base}_${i}`
  return name
}

// Text in a key stands in quotation marks: what would end it is replaced.
const quoted = (text) => `"${text.trim().replace(/"/g, '”').replace(/[\\\n\r]/g, ' ')}"`

// A unit as people write it, as the room wants it: °C → Cel. One that is not known is for the room to judge.
const ucum = (text) => CODES[text.trim()] ?? text.trim()

// What is wrong with a formula that we can see: {key, params} of the catalogue, or null. `names`: of the channels before it. What only the room
// can tell (brackets, arguments) it tells.
export function formulaWrong(text, names) {
  const formula = text.trim()
  if (!formula) return { key: 'lab.make.wrong.formula.none' }
  if (/[×÷·–−]/.test(formula)) return { key: 'lab.make.wrong.formula.sign' }
  const words = formula.replace(/\d+\.?\d*(e[-+]?\d+)?/gi, ' ').match(/[\p{L}_][\p{L}\p{N}_]*/gu) ?? []
  const strange = words.find((w) => !names.includes(w) && !RESERVED.has(w))
  if (strange) return { key: 'lab.make.wrong.formula.word', params: { word: strange, names: names.join(', ') || '–' } }
  if (!words.some((w) => names.includes(w))) return { key: 'lab.make.wrong.formula.channel', params: { names: names.join(', ') || '–' } }
  // derivative(a, 0.5) and min(a, b) have commas; one between digits outside of them is a decimal comma
  if (/\d,\d/.test(formula) && !/\(/.test(formula)) return { key: 'lab.make.wrong.formula.comma' }
  return null
}

const dot = (text) => String(typedNumber(text))

// form: {label, minutes, seconds, rate: {kind: 'hz' | 's', text}, hand, channels: [{channel, target, label}], derived: [{channel,
// formula, unit, label}], manual: [{channel, unit, label}]}. Gives {keys, wrong: {field: {key, params}
// of the catalogue}}; a field is one of the form, `derive NAME` or `unit NAME`.
export function keysOf(form) {
  const keys = {}
  const wrong = {}
  if (form.label.trim()) keys.label = form.label.trim().replace(/[\n\r]/g, ' ')
  else wrong.label = { key: 'lab.make.wrong.label' }
  for (const c of form.channels) keys[`channel ${c.channel}`] = `${c.target}${c.label ? `, label ${quoted(c.label)}` : ''}`
  for (const c of form.manual) {
    const parts = [c.unit && `unit ${ucum(c.unit)}`, c.label && `label ${quoted(c.label)}`].filter(Boolean)
    keys[`manual ${c.channel}`] = parts.join(', ')
  }
  const before = [...form.channels, ...form.manual].map((c) => c.channel)
  for (const c of form.derived) {
    const bad = formulaWrong(c.formula, before)
    if (bad) wrong[`derive ${c.channel}`] = bad
    before.push(c.channel)
    const parts = [c.formula.trim(), c.unit && `unit ${ucum(c.unit)}`, c.label && `label ${quoted(c.label)}`].filter(Boolean)
    keys[`derive ${c.channel}`] = parts.join(', ')
  }
  for (const c of [...form.manual, ...form.derived])
    if (/[\s,"]/.test(c.unit.trim())) wrong[`unit ${c.channel}`] = { key: 'lab.make.wrong.unit' }
  if (!form.channels.length && !form.manual.length) wrong.channels = { key: 'lab.make.wrong.channels' }
  else if (before.length > CHANNELS) wrong.channels = { key: 'lab.make.wrong.many', params: { n: CHANNELS } }
  if (form.hand) {
    keys.sample = 'by hand'
  } else {
    const rate = typedNumber(form.rate.text)
    if (!(rate > 0)) wrong.rate = { key: 'lab.make.wrong.number' }
    else keys.rate = form.rate.kind === 's' ? `${dot(form.rate.text)}s` : `${dot(form.rate.text)}Hz`
  }
  const seconds = form.duration.text.trim() ? typedNumber(form.duration.text) * (form.duration.kind === 'min' ? 60 : 1) : 0
  if (!(seconds >= 0)) wrong.duration = { key: 'lab.make.wrong.number' }
  else if (seconds > LONGEST) wrong.duration = { key: 'lab.make.wrong.long' }
  else if (seconds > 0) keys.duration = `${Number(seconds.toPrecision(9))}s`
  keys['ask operator'] = ''
  keys['ask note'] = ''
  return { keys, wrong }
}

// The room's mistakes by the key they name: {key: [text]}, in the reader's language where the room has it. `line` is the number of the
// key behind the heading, which is 1.
export function mistakesByKey(mistakes, keys, language = 'en') {
  const names = Object.keys(keys)
  const by = {}
  for (const { line, text, vi, warning } of mistakes || []) {
    if (warning) continue
    const name = names.find((n) => text.startsWith(`${n}:`)) ?? names[line - 2] ?? ''
    const told = (language === 'vi' && vi) || text
    const said = told.startsWith(`${name}: `) ? told.slice(name.length + 2) : told
    by[name] = [...(by[name] || []), said]
  }
  return by
}
