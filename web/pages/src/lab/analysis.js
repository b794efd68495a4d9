// What the room computes of a channel, over the selection or the whole run: statistics, fit, tangent, area, comparison.
import { useEffect, useState } from 'preact/hooks'
import { html } from '../lib/html.js'
import { call } from '../lib/socket.js'
import { language } from '../lib/settings.js'
import { date, label, number, t, time, unit, withUnit } from '../lib/words.js'
import { Button } from '../ui/button.js'
import { Choice, Select, TextField } from '../ui/fields.js'
import { Icon } from '../ui/icon.js'
import * as fits from './fits.js'
import { underWay } from './model.js'
import { typedNumber } from './plan.js'
import { gapsText } from './running.js'
import { ordered } from './view.js'
import { reasonOf } from './use-lab.js'

const WAIT = 60_000 // ms: a long run takes its time
const WHATS = ['statistics', 'fit', 'tangent', 'area', 'compare']

const show = (value, u, decimals) => withUnit(fits.short(value, number, decimals), Number.isFinite(value) ? u : '')

function Row({ name, value }) {
  return html`<div><dt>${name}</dt><dd class="figure">${value}</dd></div>`
}

function Basis({ r }) {
  const parts = [t('lab.an.n', { n: number(r.n ?? 0, 0) })]
  if (r.gaps > 0) parts.push(gapsText(r.gaps, r.lost))
  if (r.missing > 0) parts.push(t('lab.an.missing', { n: r.missing }))
  return html`<p class="quiet">${parts.join(' · ')}${r.note ? ` · ${r.note}` : ''}</p>`
}

function Statistics({ r, channel }) {
  const keys = ['mean', 'sd', 'min', 'max', 'median', 'first', 'last', 'rms']
  return html`<dl class="lab-results">${keys.map((k) => html`<${Row} key=${k} name=${t(`lab.an.${k}`)} value=${show(r[k], channel.unit, channel.decimals)} />`)}</dl>
    <${Basis} r=${r} />`
}

function Fit({ r, channel, against, order }) {
  const x = against ? unit(against.unit) : 's'
  return html`<p class="lab-formula">${fits.formula(r.form, order)}</p>
    <dl class="lab-results">
      ${(r.parameters ?? []).map((p) => {
        const u = fits.parameterUnit(r.form, p.name, x, unit(channel.unit))
        return html`<${Row} key=${p.name} name=${p.name} value=${`${fits.withUncertainty(p.value, p.uncertainty, number)}${u ? ` ${u}` : ''}`} />`
      })}
      <${Row} name="R²" value=${number(r.r2, 5)} />
      <${Row} name=${t('lab.an.rmse')} value=${show(r.rmse, channel.unit)} />
    </dl>
    <${Basis} r=${r} />`
}

function Tangent({ r, channel }) {
  const u = unit(r.slope_unit) || `${unit(channel.unit) || '1'}/s`
  return html`<dl class="lab-results">
      <${Row} name=${t('lab.an.slope')} value=${`${fits.withUncertainty(r.slope, r.slope_uncertainty, number)} ${u}`} />
      <${Row} name=${t('lab.an.value')} value=${withUnit(fits.withUncertainty(r.value, r.value_uncertainty, number), channel.unit)} />
    </dl>
    <${Basis} r=${r} />`
}

function Area({ r, channel }) {
  const u = unit(r.area_unit) || `${unit(channel.unit) || '1'}·s`
  return html`<dl class="lab-results">
      <${Row} name=${t('lab.an.area')} value=${`${fits.short(r.area, number)} ${u}`} />
      <${Row} name=${t('lab.an.covered')} value=${`${number(r.covered_s, 2)} s`} />
      ${r.left_out_s > 0 && html`<${Row} name=${t('lab.an.leftout')} value=${`${number(r.left_out_s, 2)} s`} />`}
    </dl>
    <${Basis} r=${r} />`
}

function Compare({ r, channel }) {
  return html`<dl class="lab-results">
    <${Row} name=${t('lab.an.mean_difference')} value=${show(r.mean_difference, channel.unit)} />
    <${Row} name=${t('lab.an.rms_difference')} value=${show(r.rms_difference, channel.unit)} />
    <${Row} name=${t('lab.an.max_difference')} value=${show(r.max_difference, channel.unit)} />
    <${Row} name=${t('lab.an.correlation')} value=${number(r.correlation, 4)} />
    <${Row} name=${t('lab.an.offset')} value=${r.offset_s === null || r.offset_s === undefined ? '–' : `${fits.short(r.offset_s, number)} s`} />
  </dl>`
}

const points = (curve, origin = 0) => (curve?.x ?? []).map((x, i) => [x + origin, curve.y[i]]).filter((p) => Number.isFinite(p[1]))

export function Analysis({ lab, look, change }) {
  const run = lab.current()
  const channels = run?.channels ?? []
  const [what, setWhat] = useState('statistics')
  const [name, setName] = useState(null)
  const [form, setForm] = useState('linear')
  const [order, setOrder] = useState('2')
  const [against, setAgainst] = useState('')
  const [zero, setZero] = useState(true)
  const [at, setAt] = useState('')
  const [withRun, setWithRun] = useState('')
  const [state, setState] = useState({ busy: false })
  const channel = channels.find((c) => c.channel === name) ?? channels[0]
  const selection = ordered(look.selection)
  const key = [run?.run, what, channel?.channel, form, order, against, zero, at, withRun, look.selection?.join()].join('|')

  // an answer is about what was asked, and is shown only as long as that stands
  useEffect(() => {
    setState({ busy: false })
    change({ fit: null, tangent: null, filled: null })
  }, [key])
  // the statistics of a selection come by themselves
  useEffect(() => {
    if (what !== 'statistics' || !selection || !channel) return undefined
    const timer = setTimeout(compute, 250)
    return () => clearTimeout(timer)
  }, [key])

  if (!run || !channel) return html`<p class="quiet lab-hint">${t('lab.an.norun')}</p>`
  const other = channels.find((c) => c.channel === against)
  const middle = selection ? (selection[0] + selection[1]) / 2 : NaN
  const place = at.trim() ? typedNumber(at) : middle

  async function compute() {
    const params = { run: run.run, channel: channel.channel, what, lang: language() }
    const origin = what === 'fit' && !against && zero && selection ? selection[0] : 0
    if (selection && what !== 'tangent') Object.assign(params, { from: selection[0], to: selection[1] })
    if (what === 'fit') Object.assign(params, { form, ...(form === 'polynomial' && { order: Number(order) }), ...(against && { against }), ...(origin && { origin }), points: 300 })
    if (what === 'tangent') Object.assign(params, { at: place, ...(selection && { window: selection[1] - selection[0] }) })
    if (what === 'compare') params.with_run = withRun
    setState({ busy: true })
    try {
      const r = await call('run.analyze', params, { timeout: WAIT })
      setState({ busy: false, r, what, key })
      if (what === 'fit' && !against) change({ fit: { channel: channel.channel, points: points(r.curve, origin) } })
      if (what === 'area') {
        const data = lab.shown.data
        change({ filled: { channel: channel.channel, from: selection?.[0] ?? data.from, to: selection?.[1] ?? data.to } })
      }
      if (what === 'tangent') {
        const half = selection ? (selection[1] - selection[0]) * 1.5 : Math.max((lab.shown.data.to - lab.shown.data.from) / 8, 0.01)
        change({ tangent: { channel: channel.channel, points: [place - half, place + half].map((x) => [x, r.value + r.slope * (x - place)]) } })
      }
    } catch (error) {
      setState({ busy: false, error })
    }
  }
  const comparable = lab.runs?.filter((r) => r.run !== run.run && r.experiment === run.experiment && !underWay(r)) ?? []
  const ready = what === 'tangent' ? Number.isFinite(place) : what === 'compare' ? Boolean(withRun) : true
  const Result = { statistics: Statistics, fit: Fit, tangent: Tangent, area: Area, compare: Compare }[state.what]
  return html`<div class="lab-analysis">
    <p class="lab-selection">
      <${Icon} name="source" size="small" />
      ${selection
        ? html`<span>${t('lab.an.selection', { from: number(selection[0], 2), to: number(selection[1], 2) })}</span>`
        : html`<span>${t('lab.an.whole')}</span>`}
    </p>
    ${channels.length > 1 &&
    html`<${Select} label=${t('lab.an.channel')} value=${channel.channel} options=${channels.map((c) => ({ value: c.channel, label: label(c.label, c.channel) }))} onSet=${setName} />`}
    <${Choice} label=${t('lab.an.what')} value=${what} options=${WHATS.map((w) => ({ value: w, label: t(`lab.an.${w}`) }))} onSet=${setWhat} />
    ${what === 'fit' &&
    html`<${Select} label=${t('lab.an.form')} value=${form} options=${fits.FORMS.map((f) => ({ value: f, label: t(`lab.form.${f}`) }))} onSet=${setForm} />
      ${form === 'polynomial' && html`<${Select} label=${t('lab.an.order')} value=${order} options=${['1', '2', '3', '4', '5', '6'].map((n) => ({ value: n, label: n }))} onSet=${setOrder} />`}
      ${channels.length > 1 &&
      html`<${Select}
        label=${t('lab.an.against')}
        value=${against}
        options=${[{ value: '', label: t('lab.an.time') }, ...channels.filter((c) => c !== channel).map((c) => ({ value: c.channel, label: label(c.label, c.channel) }))]}
        onSet=${setAgainst}
      />`}
      ${!against && selection && html`<${Choice} label=${t('lab.an.origin')} value=${zero ? 'selection' : 'run'} options=${['selection', 'run'].map((v) => ({ value: v, label: t(`lab.an.origin.${v}`) }))} onSet=${(v) => setZero(v === 'selection')} />`}`}
    ${what === 'tangent' &&
    html`<${TextField} label=${t('lab.an.at')} value=${at} inputmode="decimal" placeholder=${Number.isFinite(middle) ? number(middle, 2) : ''} hint=${t('lab.an.at.hint')} error=${at.trim() && Number.isNaN(typedNumber(at)) ? t('lab.hand.wrong') : undefined} onInput=${setAt} />`}
    ${what === 'compare' &&
    (comparable.length
      ? html`<${Select}
          label=${t('lab.an.with')}
          value=${withRun}
          placeholder=${t('lab.field.choose')}
          options=${comparable.slice(0, 50).map((r) => ({ value: r.run, label: `${time(r.start)} ${date(r.start)}${r.operator ? ` · ${r.operator}` : ''}` }))}
          onSet=${setWithRun}
        />`
      : html`<p class="quiet">${t('lab.an.with.none')}</p>`)}
    <${Button} kind="primary" wide busy=${state.busy} disabled=${!ready} onClick=${compute}>${t('lab.an.compute')}<//>
    <div aria-live="polite">
      ${state.error && html`<p class="lab-failed"><${Icon} name="alert" /><span>${t('lab.an.failed')} <small class="quiet">${state.error.data?.reason ?? reasonOf(state.error)}</small></span></p>`}
      ${Result && state.key === key && html`<${Result} r=${state.r} channel=${channel} against=${other} order=${Number(order)} />`}
    </div>
  </div>`
}
