// From what is picked in the page to the keys of an experiment (docs/profiles.md), and from the room's mistakes back to the part of
// the form they are about. Pure.
import { fold } from '../lib/collate.js'
import { typedNumber } from './plan.js'

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

const dot = (text) => String(typedNumber(text))

// form: {label, minutes, seconds, rate: {kind: 'hz' | 's', text}, hand, channels: [{channel, target, label}], derived: [{channel,
// formula, unit, label}], manual: [{channel, unit, label}]}. Gives {keys, wrong: {field: word of the catalogue}}.
export function keysOf(form) {
  const keys = {}
  const wrong = {}
  if (form.label.trim()) keys.label = form.label.trim().replace(/[\n\r]/g, ' ')
  else wrong.label = 'lab.make.wrong.label'
  for (const c of form.channels) keys[`channel ${c.channel}`] = `${c.target}${c.label ? `, label ${quoted(c.label)}` : ''}`
  for (const c of form.manual) {
    const parts = [c.unit && `unit ${c.unit}`, c.label && `label ${quoted(c.label)}`].filter(Boolean)
    keys[`manual ${c.channel}`] = parts.join(', ')
  }
  for (const c of form.derived) {
    const parts = [c.formula.trim(), c.unit && `unit ${c.unit}`, c.label && `label ${quoted(c.label)}`].filter(Boolean)
    keys[`derive ${c.channel}`] = parts.join(', ')
  }
  if (!form.channels.length && !form.manual.length) wrong.channels = 'lab.make.wrong.channels'
  if (form.hand) {
    keys.sample = 'by hand'
  } else {
    const rate = typedNumber(form.rate.text)
    if (!(rate > 0)) wrong.rate = 'lab.make.wrong.number'
    else keys.rate = form.rate.kind === 's' ? `${dot(form.rate.text)}s` : `${dot(form.rate.text)}Hz`
  }
  const seconds = form.duration.text.trim() ? typedNumber(form.duration.text) * (form.duration.kind === 'min' ? 60 : 1) : 0
  if (!(seconds >= 0)) wrong.duration = 'lab.make.wrong.number'
  else if (seconds > 0) keys.duration = `${Number(seconds.toPrecision(9))}s`
  keys['ask operator'] = ''
  keys['ask note'] = ''
  return { keys, wrong }
}

// The room's mistakes by the key they name: {key: [text]}. `line` is the number of the key, from 1.
export function mistakesByKey(mistakes, keys) {
  const names = Object.keys(keys)
  const by = {}
  for (const { line, text } of mistakes || []) {
    const name = names.find((n) => text.startsWith(`${n}:`)) ?? names[line - 1] ?? ''
    const said = text.startsWith(`${name}: `) ? text.slice(name.length + 2) : text
    by[name] = [...(by[name] || []), said]
  }
  return by
}
