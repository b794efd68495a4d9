// What the technician page makes of entries of the journal.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dataText, personOf, sentence, wanted } from '../../web/pages/src/technician/journal-words.js'

const matches = (text, query) => text.includes(query)

test('a command says what was asked for and what came of it', () => {
  const { key, params } = sentence({ kind: 'command', data: { method: 'point.write', target: 'audio.level', value: -12, outcome: 'confirmed' } })
  assert.equal(key, 'technician.entry.command')
  assert.deepEqual(params, { method: 'point.write', what: 'audio.level = -12', outcome: 'confirmed', reason: '' })
})

test('a value of false is told, not left out', () => {
  const { params } = sentence({ kind: 'command', data: { method: 'point.write', target: 'lights.rear', value: false, outcome: 'confirmed' } })
  assert.equal(params.what, 'lights.rear = false')
})

test('a kind that is newer than the page is shown by its data', () => {
  assert.equal(sentence({ kind: 'weather', data: { wind: 3 } }).key, null)
  assert.equal(dataText({ wind: 3, from: { a: 1 } }), 'wind: 3, from: {"a":1}')
})

test('who signed in is the person, not the gateway', () => {
  assert.equal(personOf({ kind: 'login', principal: 'lectern-web', data: { person: 'lan' } }), 'lan')
  assert.equal(personOf({ kind: 'command', principal: 'lan', data: {} }), 'lan')
  assert.equal(personOf({ kind: 'start', data: {} }), '')
})

test('filters hold together, and the end of a time is not in it', () => {
  const entry = { kind: 'scene', device: 'board', principal: 'lan', time: 1000, data: {} }
  const any = { kind: '', device: '', person: '', from: 0, to: 0 }
  assert.equal(wanted(entry, any, matches), true)
  assert.equal(wanted(entry, { ...any, kind: 'scene', device: 'board', person: 'la', from: 1000, to: 1001 }, matches), true)
  assert.equal(wanted(entry, { ...any, to: 1000 }, matches), false)
  assert.equal(wanted(entry, { ...any, person: 'binh' }, matches), false)
})
