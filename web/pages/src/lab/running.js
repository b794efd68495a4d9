// During a run: what it does, how long still, what was counted; mark and stop are the only buttons.
import { useState } from 'preact/hooks'
import { html, cls } from '../lib/html.js'
import { useNow } from '../lib/ticker.js'
import { label, number, t, unit } from '../lib/words.js'
import { Button } from '../ui/button.js'
import { TextField } from '../ui/fields.js'
import { Icon } from '../ui/icon.js'
import { announce, toast } from '../ui/live.js'
import { Condition } from './condition-view.js'
import * as plans from './plan.js'
import { reasonOf } from './use-lab.js'

const GAPS = new Set(['gap', 'overrun', 'unplug', 'full'])
const LATEST = 3000 // ms that an estimate of the time may run ahead of what the room said

// "18:08", "1:02:08"
export function clock(ms) {
  const s = Math.max(0, Math.round(ms / 1000))
  const two = (n) => String(n).padStart(2, '0')
  return s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`
}

export const gapsOf = (run) => (Array.isArray(run.marks) ? run.marks.filter((m) => GAPS.has(m.kind)).length : 0)

// "2 chỗ trống, mất 17 mẫu"; how many are missing is not always known
export function gapsText(gaps, lost) {
  if (!(gaps > 0) && !(lost > 0)) return t('lab.gaps.none')
  return lost > 0 ? t('lab.gaps', { n: gaps, lost: number(lost, 0) }) : t('lab.gaps.unknown', { n: gaps })
}

export function StateChip({ state }) {
  const live = state === 'recording'
  const icon = { armed: 'clock', pause: 'clock', done: 'check', stopped: 'stop', interrupted: 'alert', failed: 'alert' }[state]
  return html`<span class=${cls('lab-chip', live && 'is-live', ['interrupted', 'failed'].includes(state) && 'is-fault')}>
    ${live ? html`<span class="lab-dot" aria-hidden="true"></span>` : html`<${Icon} name=${icon} size="small" />`}
    ${t(`lab.state.${state}`)}
  </span>`
}

function Progress({ run, live }) {
  const now = useNow(true)
  const passed = live && run.at && run.state === 'recording' ? Math.min(Math.max(0, now - run.at), LATEST) : 0
  const elapsed = (run.elapsed_ms ?? 0) + passed
  const total = run.duration_ms
  const left = total ? Math.max(0, (run.remaining_ms ?? total - elapsed) - passed) : 0
  return html`<div class="lab-clock">
    <span class="lab-clock-time figure">${total ? clock(left) : clock(elapsed)}</span>
    <span class="quiet">${total ? t('lab.left') : t('lab.passed')}</span>
    ${total > 0 && html`<progress class="lab-progress" max="1" value=${Math.min(1, elapsed / total)} aria-label=${t('lab.progress')}></progress>`}
  </div>`
}

function Counts({ run }) {
  const gaps = gapsOf(run)
  return html`<p class="lab-counts">
    <span><strong class="figure">${number(run.samples ?? 0, 0)}</strong> ${t('lab.samples')}</span>
    <span class=${cls(gaps > 0 || run.lost > 0 ? 'lab-lost' : 'quiet')}>
      ${gaps > 0 || run.lost > 0
        ? html`<${Icon} name="alert" size="small" />${gapsText(gaps, run.lost)}`
        : t('lab.gaps.none')}
    </span>
    ${run.repeat > 1 && html`<span class="quiet">${t('lab.nth', { n: run.nth, of: run.repeat })}</span>`}
  </p>`
}

function Mark({ lab, run, disabled }) {
  const [text, setText] = useState('')
  const [busy, setBusy] = useState(false)
  const send = async (e) => {
    e.preventDefault()
    const words = text.trim() || t('lab.mark.plain')
    setBusy(true)
    try {
      const { t_ms } = await lab.mark(run.run, words)
      setText('')
      announce(t('lab.marked', { t: number(t_ms / 1000, 1) }))
    } catch (error) {
      toast(reasonOf(error), { kind: 'fault', detail: error.message })
    } finally {
      setBusy(false)
    }
  }
  return html`<form class="lab-mark" onSubmit=${send}>
    <${TextField} label=${t('lab.mark.text')} value=${text} onInput=${setText} maxlength="60" placeholder=${t('lab.mark.hint')} class="lab-mark-field" />
    <button type="submit" class=${cls('button button-plain', busy && 'is-busy')} disabled=${disabled}><${Icon} name="flag" /><span class="button-text">${t('lab.mark')}</span></button>
  </form>`
}

// Sampling on event by hand: one sample with what was read off.
function Hand({ lab, run, experiment }) {
  const [values, setValues] = useState({})
  const [wrong, setWrong] = useState({})
  const [busy, setBusy] = useState(false)
  const manual = experiment.channels.filter((c) => c.kind === 'manual')
  const take = async (e) => {
    e.preventDefault()
    const form = e.currentTarget
    const numbers = {}
    const bad = {}
    for (const c of manual) {
      const v = plans.typedNumber(values[c.channel] ?? '')
      if (Number.isNaN(v)) bad[c.channel] = t('lab.hand.wrong')
      else numbers[c.channel] = v
    }
    setWrong(bad)
    if (Object.keys(bad).length) {
      form.querySelector('[aria-invalid="true"], input')?.focus()
      return
    }
    setBusy(true)
    try {
      await lab.sample(run.run, numbers)
      setValues({})
      announce(t('lab.hand.taken'))
      form.querySelector('input')?.focus()
    } catch (error) {
      toast(reasonOf(error), { kind: 'fault', detail: error.message })
    } finally {
      setBusy(false)
    }
  }
  return html`<form class="lab-hand" onSubmit=${take} novalidate aria-label=${t('lab.hand.form')}>
    ${manual.map(
      (c) => html`<${TextField}
        key=${c.channel}
        label=${t('lab.hand.value', { name: label(c.label, c.channel), unit: unit(c.unit) })}
        value=${values[c.channel] ?? ''}
        inputmode="decimal"
        autocomplete="off"
        error=${wrong[c.channel]}
        onInput=${(v) => setValues({ ...values, [c.channel]: v })}
      />`,
    )}
    <button type="submit" class=${cls('button button-primary', busy && 'is-busy')}><${Icon} name="plus" /><span class="button-text">${t('lab.hand.take')}</span></button>
  </form>`
}

export function Running({ lab, run, experiment, may, live }) {
  const [busy, setBusy] = useState(false)
  const stop = async () => {
    setBusy(true)
    try {
      await lab.end(run.run)
      announce(t('lab.stopped'))
    } catch (error) {
      toast(reasonOf(error), { kind: 'fault', detail: error.message })
    } finally {
      setBusy(false)
    }
  }
  const armed = run.state === 'armed'
  return html`<div class="lab-running">
    ${armed
      ? html`<div class="lab-armed" role="status">
          <p><strong>${t('lab.armed')}</strong></p>
          <p>
            ${experiment?.start && html`<${Condition} text=${experiment.start} channels=${experiment.channels} /> `}
            ${experiment?.pre_ms > 0 && html`<span class="quiet">${t('lab.armed.pre', { s: number(experiment.pre_ms / 1000) })}</span>`}
          </p>
        </div>`
      : html`<${Progress} run=${run} live=${live} />`}
    <${Counts} run=${run} />
    ${run.full && html`<p class="lab-failed" role="alert"><${Icon} name="alert" />${t('lab.full')}</p>`}
    ${may.has('experiment.start') &&
    html`<div class="lab-running-buttons">
      ${!armed && html`<${Mark} lab=${lab} run=${run} disabled=${!live} />`}
      <${Button} kind="warn" icon="stop" class="lab-stop" busy=${busy} disabled=${!live} onClick=${stop}>${t('lab.stop')}<//>
    </div>`}
    ${!armed && experiment && plans.byEvent(experiment) && may.has('experiment.start') && html`<${Hand} lab=${lab} run=${run} experiment=${experiment} />`}
  </div>`
}
