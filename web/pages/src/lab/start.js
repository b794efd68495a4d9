// Before a run: what is asked, what will be recorded, what is missing; then the button.
import { useState } from 'preact/hooks'
import { html, cls } from '../lib/html.js'
import { useRoom } from '../lib/store.js'
import { duration, label, number, t } from '../lib/words.js'
import { Button } from '../ui/button.js'
import { Select, TextField } from '../ui/fields.js'
import { Icon } from '../ui/icon.js'
import { announce } from '../ui/live.js'
import { Condition } from './condition-view.js'
import { rateText } from './experiments.js'
import * as plans from './plan.js'
import { reasonOf } from './use-lab.js'

export function sizeText(bytes) {
  if (!Number.isFinite(bytes)) return t('lab.size.unknown')
  if (bytes < 1000) return t('lab.size.b', { n: number(bytes, 0) })
  if (bytes < 1e6) return t('lab.size.kb', { n: number(bytes / 1000, 0) })
  if (bytes < 1e9) return t('lab.size.mb', { n: number(bytes / 1e6, 1) })
  return t('lab.size.gb', { n: number(bytes / 1e9, 2) })
}

function Facts({ experiment }) {
  const p = plans.plan(experiment)
  const name = (c) => label(c.label, c.channel)
  return html`<dl class="lab-facts">
    <div>
      <dt>${t('lab.fact.rate')}</dt>
      <dd>
        ${p.event
          ? t(experiment.sample && experiment.sample !== 'by hand' ? 'lab.fact.event' : 'lab.fact.hand')
          : plans.rates(experiment).map((r, i) => html`<span key=${i} class="lab-fact-line">${rateText(r.hz)} · ${r.channels.map(name).join(', ')}</span>`)}
      </dd>
    </div>
    <div>
      <dt>${t('lab.fact.duration')}</dt>
      <dd>
        ${p.duration_ms ? duration(p.duration_ms) : t('lab.fact.until')}
        ${p.repeat > 1 && html`<span class="lab-fact-line">${t('lab.fact.repeat', { n: p.repeat })}</span>`}
      </dd>
    </div>
    <div>
      <dt>${t('lab.fact.size')}</dt>
      <dd>${Number.isFinite(p.samples) ? t('lab.fact.samples', { n: number(p.samples), size: sizeText(p.bytes) }) : t('lab.size.unknown')}</dd>
    </div>
    ${experiment.start &&
    html`<div>
      <dt>${t('lab.fact.start')}</dt>
      <dd><${Condition} text=${experiment.start} channels=${experiment.channels} />${experiment.pre_ms > 0 && html`<span class="lab-fact-line">${t('lab.fact.pre', { s: number(experiment.pre_ms / 1000) })}</span>`}</dd>
    </div>`}
    ${experiment.stop && html`<div><dt>${t('lab.fact.stop')}</dt><dd><${Condition} text=${experiment.stop} channels=${experiment.channels} /></dd></div>`}
  </dl>`
}

function Missing({ experiment }) {
  const devices = useRoom((r) => r.devices)
  const list = plans.missing(experiment, devices)
  const all = plans.sensors(experiment, devices)
  if (!all.length) return null
  if (!list.length)
    return html`<p class="lab-ready"><${Icon} name="check" />${t('lab.sensors.there', { n: all.length })}</p>`
  const channels = (s) =>
    s.channels.map((c) => label(experiment.channels.find((x) => x.channel === c)?.label, c)).join(', ')
  return html`<div class="lab-missing" role="status">
    <p><${Icon} name="alert" /><strong>${t('lab.sensors.missing')}</strong></p>
    <ul>
      ${list.map(
        (s) => html`<li key=${s.device}>
          <strong>${label(devices[s.device]?.label, s.device)}</strong> (${channels(s)})${': '}
          ${label(s.remedy) || t(s.status === 'starting' ? 'lab.sensors.starting' : 'lab.sensors.away')}
        </li>`,
      )}
    </ul>
    <p class="quiet">${t('lab.sensors.without')}</p>
  </div>`
}

const fieldLabel = (f) => `${label(f.label, f.field)}${f.required ? ' *' : ''}`

function Field({ field, value, error, onSet }) {
  if (field.choices)
    return html`<div class=${cls(error && 'has-error')}>
      <${Select}
        label=${fieldLabel(field)}
        value=${value}
        placeholder=${t('lab.field.choose')}
        options=${[...(field.required ? [] : [{ value: '', label: '–' }]), ...field.choices.map((c) => ({ value: c, label: c }))]}
        aria-required=${field.required ? 'true' : undefined}
        aria-invalid=${error ? 'true' : undefined}
        onSet=${onSet}
      />
      ${error && html`<p class="field-error">${error}</p>`}
    </div>`
  return html`<${TextField} label=${fieldLabel(field)} value=${value} error=${error} maxlength="500" aria-required=${field.required ? 'true' : undefined} onInput=${onSet} />`
}

export function Start({ lab, experiment, may, live }) {
  const [tried, setTried] = useState('')
  const [busy, setBusy] = useState(false)
  const [failed, setFailed] = useState(null)
  const answers = lab.answers[experiment.experiment] ?? {}
  const set = (field, text) => {
    lab.answers = { ...lab.answers, [experiment.experiment]: { ...answers, [field]: text } }
    lab.changed()
  }
  const open = plans.unanswered(experiment, answers)
  const begin = async (e) => {
    e.preventDefault()
    setTried(experiment.experiment)
    setFailed(null)
    if (open.length) {
      announce(t('lab.start.required'))
      e.currentTarget.querySelector(`[data-field="${open[0]}"] input, [data-field="${open[0]}"] select`)?.focus()
      return
    }
    setBusy(true)
    try {
      await lab.begin(experiment.experiment, plans.metadata(experiment, answers))
      announce(t('lab.started'))
    } catch (error) {
      setFailed(error)
    } finally {
      setBusy(false)
    }
  }
  const error = (f) => (tried === experiment.experiment && open.includes(f.field) ? t('lab.field.required') : undefined)
  return html`<form class="lab-start" onSubmit=${begin} novalidate aria-label=${t('lab.start.form')}>
    <div class="lab-start-fields">
      ${(experiment.fields ?? []).map(
        (f) => html`<div key=${f.field} data-field=${f.field}>
          <${Field} field=${f} value=${answers[f.field] ?? ''} error=${error(f)} onSet=${(v) => set(f.field, v)} />
        </div>`,
      )}
      ${!(experiment.fields ?? []).length && html`<p class="quiet">${t('lab.start.nothing')}</p>`}
    </div>
    <div class="lab-start-facts">
      <${Facts} experiment=${experiment} />
      <${Missing} experiment=${experiment} />
      ${failed && html`<p class="lab-failed" role="alert"><${Icon} name="alert" /><span>${reasonOf(failed)} <small class="quiet">${failed.data?.reason ?? failed.message}</small></span></p>`}
      ${may.has('experiment.start')
        ? html`<button type="submit" class=${cls('button button-primary lab-start-button', busy && 'is-busy')} disabled=${!live} aria-busy=${busy ? 'true' : undefined}>
            <${Icon} name="play" /><span class="button-text">${t(busy ? 'lab.starting' : 'lab.start')}</span>
          </button>`
        : html`<p class="quiet">${t('lab.start.forbidden')}</p>`}
    </div>
  </form>`
}
