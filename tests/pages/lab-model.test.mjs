// What the lab page knows, with a room that a test plays.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Lab } from '../../web/pages/src/lab/model.js'

const channels = [{ channel: 'x', kind: 'point', target: 'd.x', unit: 'm', rate_hz: 10 }]
const told = (state, more = {}) => ({ run: 'r1', experiment: 'e', label: { vi: 'E' }, state, start: 1, samples: 3, lost: 0, marks: 0, elapsed_ms: 300, channels: [{ channel: 'x', last: 1 }], ...more })
const settled = () => new Promise((done) => setTimeout(done, 5))

// A room: answers by method, what it was asked, and a way to say that something happened.
function room(answers) {
  const heard = {}
  const recordings = new Map()
  const r = {
    asked: [],
    followed: new Set(),
    samples: null,
    recordings: () => recordings,
    call: async (method, params) => {
      r.asked.push([method, params])
      const answer = answers[method]
      const value = typeof answer === 'function' ? answer(params) : answer
      if (value instanceof Error) throw value
      return structuredClone(value ?? {})
    },
    follow: ({ runs }) => {
      runs.forEach((x) => r.followed.add(x))
      return () => runs.forEach((x) => r.followed.delete(x))
    },
    onSamples: (run, fn) => {
      r.samples = fn
      return () => (r.samples = null)
    },
    onEvent: (kind, fn) => {
      heard[kind] = fn
      return () => delete heard[kind]
    },
    tell(kind, params) {
      for (const run of params.recordings ?? []) recordings.set(run.run, run)
      heard[kind]?.(params)
    },
    listeners: () => Object.keys(heard),
  }
  return r
}
const missing = () => Object.assign(new Error('there is no run r1'), { code: -32001 })
const base = () => ({
  'experiment.list': { experiments: [{ experiment: 'e', label: { vi: 'E' }, channels }] },
  'run.list': { runs: [], bytes: 1, budget: 2 },
  'run.read': { channels: [{ channel: 'x', t: [0, 0.1, 0.2], value: [1, 2, 3], gaps: [] }] },
  'run.show': { ...told('recording'), channels: [{ ...channels[0], samples: 3 }], marks: [], metadata: {} },
  'experiment.start': told('armed'),
})

test('a run that waits for its condition is shown before the run file knows it, and is read when it does', async () => {
  const answers = { ...base(), 'run.show': missing() }
  const r = room(answers)
  const lab = new Lab(r)
  lab.start()
  await settled()
  assert.equal(lab.chosen, 'e')
  await lab.begin('e', {})
  assert.equal(lab.shown.provisional, true)
  assert.equal(lab.current().channels[0].unit, 'm')
  assert.ok(r.followed.has('r1'))
  assert.equal(r.asked.filter(([m]) => m === 'run.read').length, 0)
  r.tell('recordings', { recordings: [told('recording')] })
  await settled()
  assert.equal(lab.shown.provisional, true, 'not in the file yet')
  answers['run.show'] = base()['run.show']
  r.tell('recordings', { recordings: [told('recording')] })
  await settled()
  assert.equal(lab.shown.provisional, false)
  assert.equal(lab.shown.data.traces.get('x').count, 3)
})

test('a run that ends is no longer followed, and is what the run file says', async () => {
  const answers = base()
  const r = room(answers)
  const lab = new Lab(r)
  lab.start()
  await settled()
  await lab.begin('e', {})
  r.samples({ run: 'r1', channel: 'x', t_ms: 300, interval_us: 100000, n: 1 }, Float64Array.of(4))
  assert.equal(lab.shown.data.traces.get('x').value, 4)
  answers['run.show'] = { ...answers['run.show'], state: 'stopped', marks: [{ t_ms: 5, kind: 'mark', text: 'a' }] }
  r.tell('recordings', { recordings: [told('stopped')] })
  await settled()
  assert.equal(lab.current().state, 'stopped')
  assert.equal(lab.current().marks.length, 1)
  assert.equal(r.followed.size, 0)
  assert.equal(r.samples, null)
})

test('a run that ended while the connection was away is found to have ended', async () => {
  const answers = base()
  const r = room(answers)
  const lab = new Lab(r)
  lab.start()
  await settled()
  await lab.begin('e', {})
  r.tell('recordings', { recordings: [told('recording')] })
  answers['run.show'] = { ...answers['run.show'], state: 'interrupted' }
  answers['run.list'] = { runs: [told('interrupted')], bytes: 1, budget: 2 }
  r.tell('hello', {})
  await settled()
  assert.equal(lab.current().state, 'interrupted')
  assert.equal(lab.told('r1').state, 'interrupted')
})

test('what somebody else begins is shown to who looks at that experiment', async () => {
  const r = room(base())
  const lab = new Lab(r)
  lab.start()
  await settled()
  assert.equal(lab.shown, null)
  r.tell('recordings', { recordings: [told('recording')] })
  await settled()
  assert.equal(lab.shown.run, 'r1')
  lab.stop()
  assert.equal(r.followed.size, 0)
  assert.deepEqual(r.listeners(), [])
})

test('new marks are asked for when their number says that there are some', async () => {
  const answers = base()
  const r = room(answers)
  const lab = new Lab(r)
  lab.start()
  await settled()
  await lab.begin('e', {})
  answers['run.show'] = { ...answers['run.show'], marks: [{ t_ms: 100, kind: 'mark', text: 'ice' }] }
  r.tell('recordings', { recordings: [told('recording', { marks: 1 })] })
  await settled()
  assert.equal(lab.current().marks[0].text, 'ice')
})

test('at most three runs lie over another', async () => {
  const r = room({ ...base(), 'run.show': (p) => ({ ...told('done'), run: p.run, channels: [{ ...channels[0], samples: 3 }], marks: [] }) })
  const lab = new Lab(r)
  await lab.show('r0')
  for (const run of ['a', 'b', 'c', 'd']) await lab.compare(run, true)
  assert.deepEqual(lab.compared.map((o) => o.run), ['a', 'b', 'c'])
  await lab.compare('b', false)
  assert.deepEqual(lab.compared.map((o) => o.run), ['a', 'c'])
})

test('a list that does not come says why, and comes when asked again', async () => {
  const answers = { ...base(), 'run.list': Object.assign(new Error('busy'), { code: -32007 }) }
  const r = room(answers)
  const lab = new Lab(r)
  lab.start()
  await settled()
  assert.equal(lab.failed.code, -32007)
  answers['run.list'] = base()['run.list']
  await lab.refresh()
  assert.equal(lab.failed, null)
  assert.equal(lab.experiments.length, 1)
})
