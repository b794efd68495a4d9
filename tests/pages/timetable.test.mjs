// Why the timetable did something else than planned: the daemon's codes and the words of the pages.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import en from '../../web/pages/src/messages/common.en.js'
import vi from '../../web/pages/src/messages/common.vi.js'

const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

test('each code of the daemon has words in both languages, and stands in the protocol', () => {
  const codes = [...read('daemon/timetable/why.c').matchAll(/\[WHY_\w+\] = \{"(\w+)"/g)].map((m) => m[1])
  assert.ok(codes.length >= 10)
  const protocol = read('docs/protocol.md').replace(/\s+/g, ' ')
  for (const code of codes) {
    assert.ok(vi[`time.why.${code}`] && en[`time.why.${code}`], code)
    assert.ok(protocol.includes(`\`${code}\` (`), code)
  }
  for (const key of Object.keys(vi).filter((k) => k.startsWith('time.why.'))) assert.ok(codes.includes(key.slice(9)), key)
})
