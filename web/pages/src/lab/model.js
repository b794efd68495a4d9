// What the lab page knows: experiments, runs, which one is shown and which lie over it. It asks the room and follows what happens;
// the elements of the page look at it through useLab. `room` is how it reaches the room: {call, follow, onSamples, onEvent,
// recordings()}, handed in so that node can test it.
import { RunData } from './data.js'

export const UNDER_WAY = new Set(['armed', 'recording', 'pause'])
const RUNS = 300 // of the list
const NOT_THERE = -32001
const COMPARED = 3 // runs over the one that is shown: the gateway lets us follow four

export const underWay = (run) => Boolean(run) && UNDER_WAY.has(run.state)

export class Lab {
  constructor(room) {
    this.room = room
    this.experiments = null // experiment.list
    this.runs = null // run.list
    this.space = null // {bytes, budget}
    this.chosen = null // name of an experiment
    this.shown = null // an open run: {run, info, data, live, end}
    this.compared = [] // open runs
    this.predictions = {} // experiment → {channel: points}
    this.started = null // what the last start answered
    this.answers = {} // what was typed into the start form, by experiment
    this.failed = null // why the lists did not come
    this.listeners = new Set()
    this.drawers = new Set()
    this.ends = []
  }

  subscribe(fn) {
    this.listeners.add(fn)
    return () => this.listeners.delete(fn)
  }

  // Told when there is something new to draw, many times a second.
  onDraw(fn) {
    this.drawers.add(fn)
    return () => this.drawers.delete(fn)
  }

  changed() {
    for (const fn of this.listeners) fn()
  }

  redraw() {
    for (const fn of this.drawers) fn()
  }

  start() {
    const { onEvent } = this.room
    this.ends = [
      onEvent('hello', () => this.refresh()),
      onEvent('recordings', ({ recordings }) => this.heard(recordings || [])),
      onEvent('gap', ({ run }) => this.open(run)?.data.catchUp()),
    ]
    this.refresh()
  }

  stop() {
    for (const end of this.ends) end()
    this.ends = []
    this.close(this.shown)
    this.compared.forEach((r) => this.close(r))
    this.shown = null
    this.compared = []
  }

  // ---- Lists ---------------------------------------------------------------------------------------------------------

  async refresh() {
    try {
      const [{ experiments }, { runs, bytes, budget }] = await Promise.all([
        this.room.call('experiment.list'),
        this.room.call('run.list', { limit: RUNS }),
      ])
      Object.assign(this, { experiments, runs, space: { bytes, budget }, failed: null })
      if (!this.chosen || !this.experiment()) this.chosen = (experiments.find((e) => e.run) || experiments[0])?.experiment ?? null
      const run = this.experiment()?.run
      if (!this.shown && run) await this.show(run)
      for (const open of [this.shown, ...this.compared]) {
        const listed = open && runs.find((r) => r.run === open.run)
        if (open?.live && listed && !underWay(listed)) this.finished(open)
        else open?.data.catchUp()
      }
    } catch (e) {
      this.failed = e
    }
    this.changed()
  }

  async listRuns() {
    try {
      const { runs, bytes, budget } = await this.room.call('run.list', { limit: RUNS })
      Object.assign(this, { runs, space: { bytes, budget } })
    } catch {
      // the list stays as it was; the next end of a run asks again
    }
    this.changed()
  }

  experiment(name = this.chosen) {
    return this.experiments?.find((e) => e.experiment === name) ?? null
  }

  lastRun(experiment) {
    return this.runs?.find((r) => r.experiment === experiment) ?? null
  }

  // The run as the room told last, of the list otherwise.
  // What was heard of a run that ended while the connection was away is old: the list knows better.
  told(run) {
    const listed = this.runs?.find((r) => r.run === run) ?? null
    const heard = this.room.recordings().get(run)
    return heard && !(listed && !underWay(listed)) ? heard : listed
  }

  current() {
    if (!this.shown) return null
    const { info, run, live } = this.shown
    return live ? { ...info, ...this.room.recordings().get(run), channels: info.channels, marks: info.marks } : info
  }

  // ---- What happens in the room ------------------------------------------------------------------------------------------

  heard(recordings) {
    let list = false
    for (const run of recordings) {
      const e = this.experiment(run.experiment)
      const going = underWay(run)
      const news = e && going !== (e.run === run.run)
      if (news) {
        e.run = going ? run.run : undefined
        list = true
        // somebody began the experiment that is looked at, here or elsewhere
        if (going && run.experiment === this.chosen && !underWay(this.current())) this.show(run.run)
      }
      const open = this.open(run.run)
      if (open?.provisional && run.state !== 'armed') this.written(open)
      if (open?.live && !going) this.finished(open)
      else if (open?.live && run.marks > open.info.marks.length) this.marked(open)
    }
    if (list) this.listRuns()
    this.changed()
  }

  open(run) {
    return [this.shown, ...this.compared].find((r) => r?.run === run) ?? null
  }

  // There are more marks than are known here; one question at a time, since they may come by the dozen.
  async marked(open) {
    if (open.asking || open.provisional) return
    open.asking = true
    try {
      const info = await this.room.call('run.show', { run: open.run })
      open.info = { ...open.info, marks: info.marks }
    } catch {
      // the next message says again how many there are
    }
    open.asking = false
    this.changed()
    this.redraw()
  }

  async finished(open) {
    open.live = false
    open.end?.()
    open.end = null
    try {
      open.info = await this.room.call('run.show', { run: open.run })
      await open.data.catchUp()
    } catch {
      // what came live is what is shown
    }
    this.changed()
    this.redraw()
  }

  // ---- Runs that are open ----------------------------------------------------------------------------------------------

  // A run that waits for its condition, or has just begun, is not in the run file yet: what is known of it is its experiment.
  provisional(run) {
    const told = this.room.recordings().get(run) ?? (this.started?.run === run ? this.started : null)
    const e = told && this.experiment(told.experiment)
    return e ? { ...told, channels: e.channels.map((c) => ({ ...c, source: c.target, samples: 0 })), marks: [], metadata: {} } : null
  }

  async describe(run) {
    try {
      return { info: await this.room.call('run.show', { run }), provisional: false }
    } catch (e) {
      const info = e.code === NOT_THERE ? this.provisional(run) : null
      if (!info) throw e
      return { info, provisional: true }
    }
  }

  // The run file has it now, with what was kept from before the condition.
  async written(open) {
    open.provisional = false
    try {
      const { info, provisional } = await this.describe(open.run)
      open.info = { ...info, marks: open.info.marks.length > info.marks.length ? open.info.marks : info.marks }
      open.provisional = provisional
    } catch {
      open.provisional = true
    }
    if (open.provisional) return
    this.listRuns()
    await this.fill(open)
  }

  async load(run) {
    const { info, provisional } = await this.describe(run)
    const recording = this.room.recordings().get(run)
    const data = new RunData({
      run,
      channels: info.channels.map((c) => c.channel),
      call: this.room.call,
      changed: () => this.redraw(),
    })
    const open = { run, info, data, live: underWay(recording ?? info), provisional, end: null }
    if (open.live) {
      const ends = [this.room.onSamples(run, (head, values) => data.block(head, values)), this.room.follow({ runs: [run] })]
      open.end = () => ends.forEach((end) => end())
    }
    return open
  }

  async fill(open) {
    if (open.provisional) return
    const totals = Object.fromEntries(open.info.channels.map((c) => [c.channel, c.samples || 0]))
    try {
      await open.data.load(totals, (open.info.elapsed_ms || 0) / 1000)
    } catch (e) {
      open.failed = e
    }
    this.changed()
    this.redraw()
  }

  close(open) {
    open?.end?.()
    open?.data.close()
  }

  choose(name) {
    this.chosen = name
    const run = this.experiment()?.run
    if (run) this.show(run)
    else this.showNone()
  }

  showNone() {
    this.close(this.shown)
    this.compared.forEach((r) => this.close(r))
    this.shown = null
    this.compared = []
    this.changed()
    this.redraw()
  }

  async show(run) {
    if (this.shown?.run === run || this.coming === run) return
    this.coming = run
    try {
      const open = await this.load(run)
      if (this.coming !== run) {
        this.close(open)
        return
      }
      this.close(this.shown)
      this.compared.forEach((r) => this.close(r))
      this.compared = []
      this.shown = open
      if (this.experiment(open.info.experiment)) this.chosen = open.info.experiment
      this.changed()
      this.redraw()
      await this.fill(open)
    } finally {
      if (this.coming === run) this.coming = null
    }
  }

  async compare(run, on) {
    if (!on) {
      this.close(this.compared.find((r) => r.run === run))
      this.compared = this.compared.filter((r) => r.run !== run)
    } else if (!this.open(run) && this.compared.length < COMPARED) {
      const open = await this.load(run)
      this.compared = [...this.compared, open]
      await this.fill(open)
    }
    this.changed()
    this.redraw()
  }

  get comparedFull() {
    return this.compared.length >= COMPARED
  }

  // ---- What a person does ----------------------------------------------------------------------------------------------

  async begin(experiment, metadata) {
    const run = await this.room.call('experiment.start', { experiment, metadata })
    this.started = run
    const e = this.experiment(experiment)
    if (e) e.run = run.run
    this.listRuns()
    await this.show(run.run)
    return run
  }

  end(run) {
    return this.room.call('experiment.stop', { run })
  }

  mark(run, text) {
    return this.room.call('experiment.mark', { run, text })
  }

  sample(run, values) {
    return this.room.call('experiment.sample', { run, values })
  }

  async remove(run, force) {
    await this.room.call('run.delete', { run, ...(force && { force: true }) })
    if (this.shown?.run === run) this.showNone()
    this.compare(run, false)
    this.runs = this.runs.filter((r) => r.run !== run)
    this.changed()
  }

  async create(name, keys) {
    const made = await this.room.call('experiment.create', { experiment: name, keys })
    await this.refresh()
    this.choose(name)
    return made
  }

  async forget(name) {
    await this.room.call('experiment.delete', { experiment: name })
    if (this.chosen === name) this.chosen = null
    await this.refresh()
  }

  predict(channel, points) {
    const own = { ...this.predictions[this.chosen], [channel]: points }
    if (!points.length) delete own[channel]
    this.predictions = { ...this.predictions, [this.chosen]: own }
    this.changed()
    this.redraw()
  }
}
