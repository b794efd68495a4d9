// What belongs to a run besides its samples: marks, what was asked, the sensors and their calibration.
import { html } from '../lib/html.js'
import { date, dateTime, label, number, t, unit } from '../lib/words.js'
import { Condition } from './condition-view.js'
import { rateText } from './experiments.js'
import { timeText } from './axes.js'

const MARKED = new Set(['mark', 'trigger'])
const KINDS = new Set(['mark', 'trigger', 'gap', 'overrun', 'late', 'unplug', 'replug', 'clock', 'full', 'resumed', 'limit'])

export function Details({ lab }) {
  const run = lab.current()
  if (!run) return html`<p class="quiet lab-hint">${t('lab.an.norun')}</p>`
  const marks = Array.isArray(run.marks) ? run.marks : []
  const fields = lab.experiment(run.experiment)?.fields ?? []
  const metadata = Object.entries(run.metadata ?? {}).filter(([, v]) => typeof v === 'string' && v)
  const fieldName = (key) => label(fields.find((f) => f.field === key)?.label, key)
  let n = 0
  return html`<div class="lab-details">
    <h3>${t('lab.marks')}</h3>
    ${marks.length === 0 && html`<p class="quiet">${t('lab.marks.none')}</p>`}
    <ol class="lab-marks">
      ${marks.slice(0, 200).map((m, i) => {
        const own = MARKED.has(m.kind)
        if (own) n++
        return html`<li key=${i} class=${own ? 'is-own' : ''}>
          <span class="lab-mark-number" aria-hidden="true">${own ? n : '·'}</span>
          <span class="figure lab-mark-time">${timeText(m.t_ms / 1000, 0.1, (run.elapsed_ms ?? 0) / 1000, number)}</span>
          <span>
            ${m.kind !== 'mark' && html`<strong>${KINDS.has(m.kind) ? t(`lab.markkind.${m.kind}`) : m.kind}</strong>${' '}`}
            ${m.channel && `${label(run.channels.find((c) => c.channel === m.channel)?.label, m.channel)} `}${m.kind === 'trigger' ? html`<${Condition} text=${m.text} channels=${run.channels} />` : m.text}
            ${m.lost > 0 && ` (${t('lab.run.lost', { n: number(m.lost, 0) })})`}
            ${m.by && html` <span class="quiet">${m.by}</span>`}
          </span>
        </li>`
      })}
    </ol>
    ${marks.length > 200 && html`<p class="quiet">${t('lab.marks.more', { n: marks.length - 200 })}</p>`}
    <h3>${t('lab.notes')}</h3>
    <dl class="lab-results">
      <div><dt>${t('lab.notes.start')}</dt><dd>${dateTime(run.start, true)}</dd></div>
      ${run.stop && html`<div><dt>${t('lab.notes.stop')}</dt><dd>${dateTime(run.stop, true)}</dd></div>`}
      ${metadata.map(([k, v]) => html`<div key=${k}><dt>${fieldName(k)}</dt><dd>${v}</dd></div>`)}
      ${run.reason && html`<div><dt>${t('lab.notes.reason')}</dt><dd>${run.reason}</dd></div>`}
      <div><dt>${t('lab.notes.exported')}</dt><dd>${run.exported ? dateTime(run.exported) : t('lab.notes.never')}</dd></div>
      <div><dt>${t('lab.notes.id')}</dt><dd class="lab-id">${run.run}</dd></div>
    </dl>
    <h3>${t('lab.sensors')}</h3>
    <ul class="lab-channels">
      ${run.channels.map(
        (c) => html`<li key=${c.channel}>
          <strong>${label(c.label, c.channel)}</strong>${unit(c.unit) && ` (${unit(c.unit)})`}
          <span class="quiet">
            ${[c.source, c.sensor, c.serial && t('lab.serial', { n: c.serial }), c.rate_hz > 0 && rateText(c.rate_hz)].filter(Boolean).join(' · ')}
          </span>
          ${c.calibration?.form && !c.calibration.form.endsWith('none') &&
          html`<span class="quiet">${t('lab.calibration', { form: c.calibration.form })}${c.calibration.by ? ` · ${c.calibration.by}` : ''}${typeof c.calibration.date === 'string' ? ` · ${c.calibration.date.split('-').reverse().join('/')}` : c.calibration.date ? ` · ${date(c.calibration.date)}` : ''}</span>`}
        </li>`,
      )}
    </ul>
  </div>`
}
