// The experiments of the room, as cards: name, sensors, rate, last run.
import { useEffect, useRef, useState } from 'preact/hooks'
import { html, cls } from '../lib/html.js'
import { useRoom } from '../lib/store.js'
import { date, label, number, search, t } from '../lib/words.js'
import { Button, IconButton } from '../ui/button.js'
import { Dialog } from '../ui/dialog.js'
import { Icon } from '../ui/icon.js'
import { toast } from '../ui/live.js'
import { TextField } from '../ui/fields.js'
import * as plans from './plan.js'
import { reasonOf } from './use-lab.js'

const MANY = 6 // experiments from which on there is a search

// "2 Hz", "mỗi 20 giây", "theo cảm biến"
export function rateText(hz) {
  if (!(hz > 0)) return t('lab.rate.own')
  return hz >= 1 ? t('lab.rate.hz', { n: number(hz) }) : t('lab.rate.each', { s: number(1 / hz) })
}

function Sensors({ experiment }) {
  const devices = useRoom((r) => r.devices)
  const list = plans.sensors(experiment, devices)
  if (!list.length) return html`<span>${t('lab.card.hand')}</span>`
  return html`<span>
    ${list.map((s, i) => {
      const away = s.status !== 'online'
      return html`<span key=${s.device} class=${cls('lab-sensor', away && 'is-away')}>
        ${i > 0 && ', '}${label(devices[s.device]?.label, s.device)}${away && html` <span class="lab-away">(${t('lab.away')})</span>`}
      </span>`
    })}
  </span>`
}

function Card({ lab, experiment, may, onDelete }) {
  const chosen = lab.chosen === experiment.experiment
  const last = lab.lastRun(experiment.experiment)
  const fastest = plans.rates(experiment)[0]
  const at = useRef()
  useEffect(() => {
    if (chosen) at.current.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [chosen])
  return html`<li ref=${at} class=${cls('lab-card', chosen && 'is-chosen', experiment.run && 'is-running')}>
    <button type="button" class="lab-card-button" aria-pressed=${String(chosen)} onClick=${() => lab.choose(experiment.experiment)}>
      <span class="lab-card-title">${label(experiment.label, experiment.experiment)}</span>
      ${experiment.run && html`<span class="lab-chip is-live"><span class="lab-dot" aria-hidden="true"></span>${t('lab.state.recording')}</span>`}
      <span class="lab-card-line"><${Icon} name="sensor" size="small" /><${Sensors} experiment=${experiment} /></span>
      <span class="lab-card-line">
        <${Icon} name="clock" size="small" />
        <span>
          ${plans.byEvent(experiment) ? t('lab.rate.event') : rateText(fastest?.hz)} ·${' '}
          ${last ? t('lab.card.last', { when: date(last.start) }) : t('lab.card.never')}
        </span>
      </span>
    </button>
    ${experiment.made &&
    may.has('experiment.create') &&
    !experiment.run &&
    html`<${IconButton} icon="close" class="lab-card-delete" label=${t('lab.card.delete', { name: label(experiment.label, experiment.experiment) })} onClick=${onDelete} />`}
  </li>`
}

export function ExperimentList({ lab, may, onMake }) {
  const [query, setQuery] = useState('')
  const [deleting, setDeleting] = useState(null)
  const all = lab.experiments
  const found = all.filter((e) => search(`${e.label?.vi ?? ''} ${e.label?.en ?? ''} ${e.experiment}`, query))
  const remove = async () => {
    const e = deleting
    setDeleting(null)
    try {
      await lab.forget(e.experiment)
    } catch (error) {
      toast(reasonOf(error), { kind: 'fault', detail: error.message })
    }
  }
  return html`<section class="lab-list" aria-labelledby="lab-list-title">
    <div class="lab-list-head">
      <h2 id="lab-list-title">${t('lab.experiments')}</h2>
      ${may.has('experiment.create') && html`<${Button} icon="plus" onClick=${onMake}>${t('lab.make')}<//>`}
    </div>
    ${all.length > MANY && html`<${TextField} label=${t('common.search')} value=${query} onInput=${setQuery} type="search" />`}
    <ul class="lab-cards">
      ${found.map((e) => html`<${Card} key=${e.experiment} lab=${lab} experiment=${e} may=${may} onDelete=${() => setDeleting(e)} />`)}
    </ul>
    ${all.length > 0 && found.length === 0 && html`<p class="quiet" role="status">${t('lab.notfound')}</p>`}
    ${deleting &&
    html`<${Dialog}
      title=${t('lab.card.delete.title')}
      onClose=${() => setDeleting(null)}
      actions=${html`<${Button} onClick=${() => setDeleting(null)}>${t('common.cancel')}<//>
        <${Button} kind="warn" onClick=${remove}>${t('lab.delete')}<//>`}
    >
      <p>${t('lab.card.delete.text', { name: label(deleting.label, deleting.experiment) })}</p>
    <//>`}
  </section>`
}
