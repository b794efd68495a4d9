// What somebody is told whose session ended or changed under an open page.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { whatHappened } from '../../web/pages/src/lib/signed-out.js'
import vi from '../../web/pages/src/messages/sign-in.vi.js'

const lan = { name: 'lan', label: 'Cô Lan', role: 'teacher', kiosk: false }
const panel = { name: 'panel', role: 'teacher', kiosk: true }

test('each reason of the gateway has words on the sign-in page', () => {
  for (const reason of ['none', 'expired', 'ended', 'changed', 'stolen']) {
    assert.deepEqual(whatHappened(reason, lan, null), { why: reason })
    assert.ok(vi[`sign-in.why.${reason}`], reason)
  }
})

test('a reason that is newer than the page is told as an end', () => {
  assert.deepEqual(whatHappened('moonlight', lan, null), { why: 'ended' })
  assert.deepEqual(whatHappened('session', lan, null), { why: 'ended' })
})

test('who has never signed in is told nothing, unless a session was there', () => {
  assert.equal(whatHappened('none', null, null), null)
  assert.equal(whatHappened('session', null, null), null)
  assert.deepEqual(whatHappened('expired', null, null), { why: 'expired' })
})

test('a page that goes on says as whom', () => {
  assert.deepEqual(whatHappened('changed', lan, panel), { toast: 'signed-out.panel' })
  assert.deepEqual(whatHappened('changed', lan, { ...lan, role: 'lab' }), { toast: 'signed-out.role', role: 'lab' })
  assert.deepEqual(whatHappened('changed', lan, { name: 'binh', label: 'Thầy Bình', role: 'lab' }), { toast: 'signed-out.other', params: { name: 'Thầy Bình' } })
})

test('what is as it was before is no news', () => {
  assert.equal(whatHappened('changed', panel, panel), null)
  assert.equal(whatHappened('changed', lan, { ...lan }), null)
})
