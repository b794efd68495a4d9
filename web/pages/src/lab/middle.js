// The middle of the page: what is going on, the values, and the plot or the table of the same data.
import { useEffect, useRef, useState } from 'preact/hooks'
import { html, cls } from '../lib/html.js'
import { useRoom } from '../lib/store.js'
import { date, label, number, t, time } from '../lib/words.js'
import { Button, IconButton } from '../ui/button.js'
import { timeText } from './axes.js'
import { PlotView } from './plot-view.js'
import { Predict } from './predict.js'
import { sketch } from './prediction.js'
import { Readouts, Swatch } from './readouts.js'
import { gapsOf, gapsText, Running, StateChip } from './running.js'
import { Start } from './start.js'
import { looks } from './style.js'
import { DataTable } from './table-view.js'
import { underWay } from './model.js'

const OLDER = [[2, 4], [8, 4, 2, 4], [1, 3]] // dashes of the runs that lie over the one that is shown

const NO_HINTS = new Map()

const MARKED = new Set(['mark', 'trigger'])

// Everything that Plot.set wants, from what is shown and chosen.
function picture(lab, channels, look, run, sketching) {
  const { shown, compared } = lab
  const unitOf = Object.fromEntries(channels.map((c) => [c.channel, c.unit ?? '']))
  const curves = []
  const visible = channels.map((c, i) => [c, i]).filter(([c]) => !look.hidden.has(c.channel))
  compared.forEach((other, k) => {
    for (const [c, i] of visible) {
      if (!other.data.traces.has(c.channel)) continue
      curves.push({ id: `${other.run}/${c.channel}`, data: other.data, channel: c.channel, unit: c.unit ?? '', look: i, alpha: 0.65, dash: OLDER[k] })
    }
  })
  if (shown)
    for (const [c, i] of visible)
      curves.push({ id: c.channel, data: shown.data, channel: c.channel, unit: c.unit ?? '', look: i })
  const predicted = lab.predictions[lab.chosen] ?? {}
  const under = visible
    .filter(([c]) => predicted[c.channel] || c.channel === sketching)
    .map(([c, i]) => ({ unit: c.unit ?? '', points: predicted[c.channel] ?? [], look: i }))
  const over = []
  if (look.fit && unitOf[look.fit.channel] !== undefined) over.push({ unit: unitOf[look.fit.channel], points: look.fit.points })
  if (look.tangent && unitOf[look.tangent.channel] !== undefined)
    over.push({ unit: unitOf[look.tangent.channel], points: look.tangent.points, dash: [6, 4] })
  const marks = Array.isArray(run?.marks) ? run.marks.filter((m) => MARKED.has(m.kind)) : []
  return {
    curves, under, over,
    moments: marks.map((m, i) => ({ t: m.t_ms / 1000, text: String(i + 1) })),
    filled: look.filled ? { id: look.filled.channel, from: look.filled.from, to: look.filled.to } : null,
  }
}

function Head({ lab, run, experiment, side, onUnfold }) {
  const name = label(run?.label ?? experiment?.label, lab.chosen)
  return html`<header class="lab-head">
    <div class="lab-head-titles">
      <h2>${name}</h2>
      ${run &&
      html`<p class="lab-head-line">
        <${StateChip} state=${run.state} />
        <span class="quiet">${time(run.start)} ${date(run.start)}${run.operator ? ` · ${run.operator}` : ''}</span>
        ${run.simulated && html`<span class="lab-chip">${t('common.simulated')}</span>`}
        ${!underWay(run) && html`<span class="quiet">${t('lab.total', { n: number(run.samples, 0), gaps: gapsText(gapsOf(run), run.lost) })}</span>`}
      </p>`}
    </div>
    <div class="lab-head-end">
      ${run && !underWay(run) && experiment && html`<${Button} kind="primary" icon="play" onClick=${() => lab.showNone()}>${t('lab.again')}<//>`}
      ${!side && html`<${Button} icon="list" class="lab-unfold" onClick=${onUnfold}>${t('lab.side.open')}<//>`}
    </div>
  </header>`
}

export function Middle({ lab, may, look, change, side, onUnfold }) {
  const live = useRoom((r) => r.live)
  const recordings = useRoom((r) => r.recordings)
  const plotRef = useRef(null)
  const [cursor, setCursor] = useState(null)
  const [tool, setTool] = useState('pan')
  const [sketching, setSketching] = useState('') // channel that is sketched
  const stroke = useRef([])
  const back = useRef(false) // somebody comes back from the table: the keyboard is on the plot
  const run = lab.current()
  const running = underWay(run)
  const experiment = lab.experiment()
  const channels = run ? run.channels : (experiment?.channels ?? [])
  const runKey = run?.run ?? `+${lab.chosen}`
  useEffect(() => {
    setTool('pan')
    setSketching('')
    setCursor(null)
  }, [runKey])

  const told = run ? recordings.get(run.run)?.channels : null
  const duration = (run ? (run.duration_ms ?? 0) : (experiment?.duration_ms ?? 0)) / 1000
  const what = picture(lab, channels, look, run, sketching)
  const sketched = channels.find((c) => c.channel === sketching)
  const known = useRef(null) // axes as they were when the sketch began: they stand still under the pointer
  if (!sketched) known.current = null
  else if (!known.current) known.current = hints(channels, plotRef.current)
  what.hints = known.current ?? NO_HINTS

  const valueAt = (channel, at) => plotRef.current?.valueOf(channel, at) ?? NaN
  const onStroke = (point, begins) => {
    if (begins) stroke.current = []
    if (point) stroke.current.push(point)
    const points = lab.predictions[lab.chosen]?.[sketching] ?? []
    if (stroke.current.length) lab.predict(sketching, sketch(begins ? points : points, stroke.current))
  }
  const sketchChannel = (channel) => {
    setSketching(channel)
    setTool(channel ? 'sketch' : 'pan')
  }
  const empty = running && run.state === 'armed' ? t('lab.plot.armed') : ''
  const when = cursor !== null ? t('lab.readouts.at', { t: timeText(cursor, 0.01, 0, number) }) : t(run ? (running ? 'lab.readouts.now' : 'lab.readouts.last') : 'lab.readouts.sensor')
  const plotted = run || sketching || Object.keys(lab.predictions[lab.chosen] ?? {}).length > 0
  return html`<section class="lab-middle" aria-label=${t('lab.middle')}>
    <${Head} lab=${lab} run=${run} experiment=${experiment} side=${side} onUnfold=${onUnfold} />
    ${running && html`<${Running} lab=${lab} run=${run} experiment=${experiment} may=${may} live=${live} />`}
    ${!run && experiment && html`<${Start} lab=${lab} experiment=${experiment} may=${may} live=${live} />`}
    <${Readouts} lab=${lab} channels=${channels} look=${look} change=${change} valueAt=${valueAt} cursor=${cursor} run=${run && { told, live: running }} />
    ${!run && experiment && html`<${Predict} lab=${lab} channels=${channels} sketching=${sketching} onSketch=${sketchChannel} />`}
    ${lab.compared.length > 0 &&
    html`<ul class="lab-compared" aria-label=${t('lab.compared')}>
      ${lab.compared.map(
        (o, k) => html`<li key=${o.run}>
          <${Swatch} look=${0} dash=${OLDER[k]} />${time(o.info.start)} ${date(o.info.start)}${o.info.operator ? ` · ${o.info.operator}` : ''}
          <${IconButton} icon="close" label=${t('lab.compared.off')} onClick=${() => lab.compare(o.run, false)} />
        </li>`,
      )}
    </ul>`}
    <div class=${cls('lab-view', look.table && 'is-table')}>
      ${!plotted
        ? html`<p class="lab-plot-none">${t('lab.plot.before')}</p>`
        : look.table && run
        ? html`<${DataTable} lab=${lab} run=${run} channels=${channels} onPlot=${() => (back.current = true, change({ table: false }))} />`
        : html`<${PlotView}
            lab=${lab}
            what=${what}
            duration=${duration}
            runKey=${runKey}
            plotRef=${plotRef}
            back=${back}
            live=${running}
            ready=${!run}
            tool=${tool}
            setTool=${(to) => (setTool(to), setSketching(''))}
            sketchUnit=${sketched ? (sketched.unit ?? '') : ''}
            onSelect=${(s, done) => done && change({ selection: s })}
            onStroke=${onStroke}
            onCursor=${setCursor}
            onTable=${() => change({ table: Boolean(run) })}
            label=${t('lab.plot', { name: label(run?.label ?? experiment?.label, lab.chosen) })}
            empty=${empty}
            when=${when}
          />`}
    </div>
  </section>`
}

// The range of an axis on which nothing was drawn yet: round numbers that a class starts from.
function hints(channels, plot) {
  const out = new Map()
  for (const c of channels) {
    const known = plot?.ranges.get(c.unit ?? '')
    out.set(c.unit ?? '', known ?? (c.unit === 'Cel' ? [0, 100] : c.unit === '%' ? [0, 100] : [0, 10]))
  }
  return out
}
