// What the technician page makes of entries of the journal.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import vi from '../../web/pages/src/messages/technician.vi.js'
import { dataText, entryText, personOf, sentence, wanted } from '../../web/pages/src/technician/journal-words.js'

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

// As words.js and names.js give it, of one catalogue.
const look = {
  has: (key) => key in vi,
  t: (key, params) => vi[key].replace(/\{(\w+)\}/g, (whole, name) => params?.[name] ?? whole),
  dateTime: (us) => `<${us}>`,
  scene: (name) => (name === 'lesson' ? 'Bắt đầu tiết học' : name),
  why: (data) => (data.code === 'recording' ? `Chờ ghi xong: ${data.about}.` : ''),
}
const said = (entry) => entryText(entry, look)

test('words of the wire are told in the language of the page', () => {
  const cases = [
    [{ kind: 'command', data: { method: 'point.write', target: 'audio.level', value: -12, outcome: 'confirmed' } }, 'ghi audio.level = -12: đã xác nhận'],
    [{ kind: 'scene', name: 'lesson', data: { what: 'ended', verdict: 'partly' } }, 'Kịch bản Bắt đầu tiết học kết thúc: xong một phần'],
    [{ kind: 'step', data: { step: 'board', verdict: 'away', reason: 'no reply in 2 s' } }, 'Bước board: mất kết nối · no reply in 2 s'],
    [{ kind: 'state', device: 'board', data: { from: 'online', to: 'away' } }, 'board: đang nối → mất kết nối'],
    [{ kind: 'run', data: { run: 'r1', what: 'ended', state: 'stopped' } }, 'Lần ghi r1: kết thúc, đã dừng'],
    [{ kind: 'timetable', name: 'period', data: { what: 'held', text: 'Tiết 1', code: 'recording', about: 'cooling', reason: 'waits …' } }, 'Tiết 1: đang chờ · Chờ ghi xong: cooling.'],
    [{ kind: 'clock', data: { from: 1, to: 2 } }, 'Đồng hồ được chỉnh từ <1> thành <2>'],
    [{ kind: 'config', data: { outcome: 'refused', mistakes: ['a.ini:3: x'] } }, 'Cấu hình mới sai, vẫn dùng cấu hình cũ: a.ini:3: x'],
  ]
  for (const [entry, text] of cases) assert.equal(said(entry), text)
})

test('a word that is newer than the page stays as it is', () => {
  assert.equal(said({ kind: 'command', data: { method: 'moon.rise', target: 'a.b', outcome: 'glorious' } }), 'moon.rise a.b: glorious')
  assert.equal(said({ kind: 'weather', data: { wind: 3 } }), 'wind: 3')
  assert.equal(said({ kind: 'alarm', name: 'x', data: { what: 'painted' } }), 'what: painted')
})

test('every method that changes something, and every verdict, has a word', () => {
  const protocol = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8')
  const methods = [...protocol.matchAll(/`(\w+\.\w+)` ✎/g)].map((m) => m[1]).filter((m) => m !== 'simulator.note')
  assert.ok(methods.length > 20)
  for (const method of methods) assert.ok(vi[`technician.method.${method}`], method)
  const verdicts = 'confirmed already accepted timeout refused away skipped overridden cancelled done partly failed interrupted'.split(' ')
  for (const word of verdicts) assert.ok(vi[`technician.word.${word}`], word)
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
