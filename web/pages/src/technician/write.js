// Writing a point and invoking an action: says what it will do, asks once, shows what truly came of it.
import { useState } from 'preact/hooks'
import { html } from '../lib/html.js'
import { call } from '../lib/socket.js'
import { duration, label, number, t, unit } from '../lib/words.js'
import { Button } from '../ui/button.js'
import { Dialog } from '../ui/dialog.js'
import { Choice, Select, TextField } from '../ui/fields.js'
import { Icon } from '../ui/icon.js'
import { announce } from '../ui/live.js'
import { trouble, valueText } from './words.js'

// What somebody typed as a value of this type, or undefined when it is none. A decimal comma is as good as a point.
export function typed(desc, text) {
  if (desc.type === 'bool') return text === true || text === 'true'
  if (desc.type === 'int' || desc.type === 'float') {
    const clean = String(text).trim().replace('\u2212', '-').replace(',', '.')
    const value = clean === '' ? NaN : Number(clean)
    if (!Number.isFinite(value) || (desc.type === 'int' && !Number.isInteger(value))) return undefined
    if ((desc.min !== undefined && value < desc.min) || (desc.max !== undefined && value > desc.max)) return undefined
    return value
  }
  return String(text)
}

function Value({ desc, value, onInput, hideError }) {
  const name = label(desc.label, desc.name)
  const choices = desc.settable ?? desc.choices
  if (desc.type === 'bool')
    return html`<${Choice} label=${name} value=${String(value)} onSet=${onInput} options=${['true', 'false'].map((v) => ({ value: v, label: t(v === 'true' ? 'value.on' : 'value.off') }))} />`
  if (desc.type === 'enum' && choices)
    return html`<${Select} label=${name} value=${value} onSet=${onInput} placeholder=${t('technician.choose')} options=${choices.map((v) => ({ value: v, label: v }))} />`
  const limits = desc.min !== undefined && desc.max !== undefined
  const hint = limits ? t('technician.range', { min: number(desc.min), max: number(desc.max), unit: unit(desc.unit) }) : unit(desc.unit)
  const wrong = !hideError && value !== '' && typed(desc, value) === undefined
  return html`<${TextField} label=${name} value=${value} onInput=${onInput} hint=${hint} error=${wrong ? t('technician.notValue', { hint }) : ''} inputmode=${desc.type === 'text' ? 'text' : 'decimal'} />`
}

function Outcome({ outcome }) {
  if (!outcome) return null
  return html`<p class=${outcome.ok ? 'tech-outcome is-good' : 'tech-outcome is-bad'} role="status">
    <${Icon} name=${outcome.ok ? 'check' : 'alert'} size="small" />${outcome.text}
  </p>`
}

const verdictText = ({ verdict, ms }) => t('technician.verdict', { verdict: t(`technician.verdict.${verdict}`), time: duration(Math.max(ms ?? 0, 1000)) })

function Form({ title, what, ready, send, onClose, children }) {
  const [busy, setBusy] = useState(false)
  const [outcome, setOutcome] = useState(null)
  const submit = async (e) => {
    e.preventDefault()
    if (!ready || busy) return
    setBusy(true)
    setOutcome(null)
    try {
      const answer = await send()
      const text = `${verdictText(answer)}${'value' in answer ? ` ${t('technician.isNow', { value: valueText(answer.value) })}` : ''}`
      setOutcome({ ok: true, text })
      announce(text)
    } catch (error) {
      setOutcome({ ok: false, text: trouble(error) })
    }
    setBusy(false)
  }
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <form class="tech-form" onSubmit=${submit}>
      ${children}
      <p>${what}</p>
      <${Outcome} outcome=${outcome} />
      <div class="dialog-actions">
        <${Button} onClick=${onClose}>${t('common.close')}<//>
        <${Button} kind="primary" type="submit" busy=${busy} disabled=${!ready}>${t('technician.do')}<//>
      </div>
    </form>
  <//>`
}

export function WriteDialog({ device, desc, now, onClose }) {
  const [value, setValue] = useState(() => (now?.value === null || now?.value === undefined ? '' : String(now.value)))
  const wanted = typed(desc, value)
  const ready = wanted !== undefined && wanted !== ''
  const target = `${device}.${desc.name}`
  return html`<${Form}
    title=${t('technician.write.of', { point: target })}
    ready=${ready}
    onClose=${onClose}
    what=${ready ? t('technician.willWrite', { target, from: valueText(now?.value), to: valueText(wanted, desc.unit) }) : t('technician.willWrite.none')}
    send=${() => call('point.write', { target, value: wanted }, { timeout: 180_000 })}
  ><${Value} desc=${desc} value=${value} onInput=${setValue} /><//>`
}

export function ActionDialog({ device, action, onClose }) {
  const [values, setValues] = useState({})
  const args = action.args ?? []
  const wanted = Object.fromEntries(args.map((a) => [a.name, typed(a, values[a.name] ?? (a.type === 'bool' ? 'false' : ''))]))
  const ready = args.every((a) => wanted[a.name] !== undefined && wanted[a.name] !== '')
  const target = `${device}.${action.name}`
  return html`<${Form}
    title=${label(action.label, action.name)}
    ready=${ready}
    onClose=${onClose}
    what=${t('technician.willInvoke', { target })}
    send=${() => call('action.invoke', { target, ...(args.length > 0 && { args: wanted }) }, { timeout: 60_000 })}
  >${args.map((a) => html`<${Value} key=${a.name} desc=${a} value=${values[a.name] ?? (a.type === 'bool' ? 'false' : '')} onInput=${(v) => setValues({ ...values, [a.name]: v })} />`)}<//>`
}
