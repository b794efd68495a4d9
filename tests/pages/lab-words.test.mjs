// What the lab page says and sends: keys of an experiment, numbers of a fit, tables, conditions, keys of the keyboard.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as axes from '../../web/pages/src/lab/axes.js'
import * as fits from '../../web/pages/src/lab/fits.js'
import * as make from '../../web/pages/src/lab/make-keys.js'
import { condition } from '../../web/pages/src/lab/conditions.js'
import { keyAction } from '../../web/pages/src/lab/keys.js'
import { cells, preview } from '../../web/pages/src/lab/preview.js'
import { rowsOf } from '../../web/pages/src/lab/rows.js'
import en from '../../web/pages/src/messages/lab.en.js'
import vi from '../../web/pages/src/messages/lab.vi.js'

const comma = (x, d) => (d === undefined ? String(x) : x.toFixed(d)).replace('.', ',')

const form = {
  label: 'Nước "nóng"', rate: { kind: 'hz', text: '2,5' }, duration: { kind: 'min', text: '1,5' }, hand: false,
  channels: [{ channel: 'temperature', target: 'probe.temperature', label: 'Nhiệt "độ"' }],
  derived: [{ channel: 'y', formula: ' temperature * 2 ', unit: 'Cel', label: '' }],
  manual: [{ channel: 'v', unit: 'mL', label: '' }],
}

test('what is picked becomes keys as in a room file, channels before what is computed of them', () => {
  const { keys, wrong } = make.keysOf(form)
  assert.deepEqual(wrong, {})
  assert.equal(keys['channel temperature'], 'probe.temperature, label "Nhiệt ”độ”"')
  assert.equal(keys['derive y'], 'temperature * 2, unit Cel')
  assert.equal(keys['manual v'], 'unit mL')
  assert.equal(keys.rate, '2.5Hz')
  assert.equal(keys.duration, '90s')
  const order = Object.keys(keys)
  assert.ok(order.indexOf('derive y') > order.indexOf('channel temperature') && order.indexOf('derive y') > order.indexOf('manual v'))
})

test('a form that cannot be right is not sent, and says which part', () => {
  const { wrong } = make.keysOf({ ...form, label: ' ', channels: [], manual: [], rate: { kind: 'hz', text: '0' }, duration: { kind: 's', text: 'x' } })
  assert.deepEqual(Object.keys(wrong).sort(), ['channels', 'derive y', 'duration', 'label', 'rate']) // the formula has lost its channels
  assert.deepEqual(make.keysOf(form).wrong, {})
  assert.equal(make.keysOf({ ...form, duration: { kind: 'min', text: '50000' } }).wrong.duration.key, 'lab.make.wrong.long')
  const many = Array.from({ length: 33 }, (_, i) => ({ channel: `c${i}`, target: `p.t${i}`, label: '' }))
  assert.equal(make.keysOf({ ...form, channels: many }).wrong.channels.key, 'lab.make.wrong.many')
  const hand = make.keysOf({ ...form, hand: true, duration: { kind: 'min', text: '' } }).keys
  assert.equal(hand.sample, 'by hand')
  assert.equal(hand.rate, undefined)
  assert.equal(hand.duration, undefined)
})

test('what the page can see of a formula it says before it is sent', () => {
  const cases = [
    ['', 'none'], ['a × b', 'sign'], ['a + c', 'word'], ['nước - a', 'word'], ['1 + 2', 'channel'], ['a + 1,5', 'comma'],
    ['a - b', null], ['derivative(a, 0.5)', null], ['min(a,2) * 1e3 + sqrt(b)', null], ['a_2 - b', 'word'], ['(a', null], // brackets are the room's
  ]
  for (const [text, wanted] of cases) assert.equal(make.formulaWrong(text, ['a', 'b'])?.key ?? null, wanted && `lab.make.wrong.formula.${wanted}`, text)
})

test('a unit is sent as the room wants it', () => {
  const { keys, wrong } = make.keysOf({ ...form, manual: [{ channel: 'v', unit: ' °C ', label: '' }, { channel: 'w', unit: 'm s', label: '' }] })
  assert.equal(keys['manual v'], 'unit Cel')
  assert.deepEqual(Object.keys(wrong).filter((k) => k.startsWith('unit')), ['unit w'])
})

test('mistakes are told in Vietnamese where the room has it, warnings are none', () => {
  const { keys } = make.keysOf(form)
  const told = [{ line: 9, text: 'derive y: wrong', vi: 'derive y: sai' }, { line: 2, text: 'label: odd' }, { line: 3, text: 'rate: not used', warning: true }]
  assert.deepEqual(make.mistakesByKey(told, keys, 'vi'), { 'derive y': ['sai'], label: ['odd'] })
  assert.deepEqual(make.mistakesByKey(told, keys, 'en'), { 'derive y': ['wrong'], label: ['odd'] })
})

test('names are words of formulas and of the room file, each once', () => {
  assert.equal(make.experimentName('Định luật II: lực!', []), 'dinh-luat-ii-luc')
  assert.equal(make.experimentName('123', ['do']), 'do-2')
  assert.equal(make.channelName('temperature.in', ['temperature_in']), 'temperature_in_2')
  assert.equal(make.channelName('max', []), 'max_1')
  assert.match(make.channelName('9.', []), /^[a-z]/)
})

test('only numbers that are read can be recorded', () => {
  assert.equal(make.recordable({ type: 'float', access: 'read' }), true)
  assert.equal(make.recordable({ type: 'int', access: 'write', stream: true }), true)
  assert.equal(make.recordable({ type: 'float', access: 'write' }), false)
  assert.equal(make.recordable({ type: 'text', access: 'read' }), false)
})

test('a mistake finds its key by name, else by number', () => {
  const { keys } = make.keysOf(form)
  const by = make.mistakesByKey([{ line: 9, text: 'derive y: "nothing" is no channel' }, { line: 2, text: 'something' }], keys)
  assert.deepEqual(by, { 'derive y': ['"nothing" is no channel'], label: ['something'] })
  assert.deepEqual(make.mistakesByKey(undefined, keys), {})
})

test('a value has as many digits as its uncertainty deserves', () => {
  assert.equal(fits.withUncertainty(71.3812, 0.0213, comma), '71,381 ± 0,021')
  assert.equal(fits.withUncertainty(1234.5, 12.3, comma), '1235 ± 12')
  assert.equal(fits.withUncertainty(0.0000123, 0.0000004, comma), '(1,230 ± 0,040)·10⁻⁵')
  assert.equal(fits.withUncertainty(5, null, comma), '5,000')
  assert.equal(fits.withUncertainty(null, 1, comma), '–')
  assert.equal(fits.short(-1.5e9, comma), '-1,500·10⁹')
})

test('parameters have units', () => {
  assert.equal(fits.parameterUnit('linear', 'A', 's', 'm'), 'm/s')
  assert.equal(fits.parameterUnit('polynomial', 'c2', 's', 'm'), 'm/s²')
  assert.equal(fits.parameterUnit('exponential', 'B', 's', '°C'), '1/s')
  assert.equal(fits.parameterUnit('sine', 'f', 's', 'm'), 'Hz')
  assert.equal(fits.parameterUnit('linear', 'A', 'V', 'mA'), 'mA/V')
  assert.equal(fits.formula('polynomial', 2), 'y = c₀ + c₁·x + c₂·x²')
})

test('ticks differ in what is written at them', () => {
  assert.deepEqual([10, 1, 0.5, 0.25, 0.1, 0.025].map(axes.decimals), [0, 0, 1, 2, 1, 3])
  assert.equal(axes.timeText(1.5, 0.5, 30, comma), '1,5')
  assert.equal(axes.timeText(125, 5, 1200, comma), '2:05')
  assert.equal(axes.timeText(-65, 5, 1200, comma), '−1:05')
  assert.equal(axes.timeText(3725, 5, 9000, comma), '1:02:05')
  assert.ok(axes.timeSteps(0, 1200).includes(60))
  assert.deepEqual(axes.sides(['V', 'mA', 'Cel'], 360).map((s) => s.show), [true, true, false])
})

test('the first lines of a table, in either language of spreadsheets', () => {
  assert.deepEqual(cells('a;"b; ""c""";1,5', ';'), ['a', 'b; "c"', '1,5'])
  const text = '\ufeff# run: r1\r\n"# note: a;b"\r\nt_s;x (m)\r\n0;1,5\r\n1;2,5\r\n'
  const p = preview(Buffer.from(text).toString('base64'), ';')
  assert.deepEqual(p.head, ['t_s', 'x (m)'])
  assert.deepEqual(p.rows, [['0', '1,5'], ['1', '2,5']])
  assert.equal(p.notes.length, 2)
  assert.deepEqual(preview(Buffer.from('').toString('base64'), ',').rows, [])
})

test('a row of the table has what was measured then, and nothing is made up', () => {
  const fast = { channel: 'f', t: [0, 1, 2, 3, 4], value: [10, 11, 12, null, 14], gaps: [[4, 7]] }
  const slow = { channel: 's', t: [0.1, 2.1], value: [1, 2], gaps: [] }
  const rows = rowsOf([fast, slow], ['s', 'f', 'none'])
  assert.deepEqual(rows.map((r) => r.values), [[1, 10, null], [null, 11, null], [2, 12, null], [null, null, null], [null, 14, null]])
  assert.deepEqual(rows.map((r) => r.gap), [false, false, false, false, true])
  assert.deepEqual(rowsOf([], ['x']), [])
})

test('conditions of the room file have words, others stay as they are', () => {
  assert.deepEqual(condition('water is above 40, for 2s'), { key: 'above', channel: 'water', value: 40, hold: 2000 })
  assert.deepEqual(condition('force rises above 1.96, hysteresis 0.03'), { key: 'rises', channel: 'force', value: 1.96, hold: 0 })
  assert.equal(condition('event drop-counter.drop'), null)
  assert.equal(condition('at 11:30'), null)
})

test('keys do what the help says, and leave the rest to the browser', () => {
  const key = (k, more = {}) => keyAction({ key: k, ...more })?.[0] ?? null
  assert.equal(key('ArrowLeft'), 'pan')
  assert.equal(key('ArrowLeft', { shiftKey: true }), 'select')
  assert.equal(key('+', { shiftKey: true }), 'zoom')
  assert.equal(key('b'), 'table')
  for (const k of ['Tab', 'Enter', 'x']) assert.equal(key(k), null)
  assert.equal(key('f', { ctrlKey: true }), null)
  assert.equal(key('ArrowLeft', { altKey: true }), null)
})

test('both languages have the same words, with the same places to fill in', () => {
  assert.deepEqual(Object.keys(vi).sort(), Object.keys(en).sort())
  const places = (text) => [...new Set([text].flat().join(' ').match(/\{\w+\}/g) ?? [])].sort().join()
  for (const key of Object.keys(vi)) assert.equal(places(vi[key]), places(en[key]), key)
})
