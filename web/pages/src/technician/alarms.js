// Alarms: those that stand, gravest first; acknowledged and shelved here. Then the ended ones and the rules.
import { useState } from 'preact/hooks'
import { html, cls } from '../lib/html.js'
import { mayCall } from '../lib/room.js'
import { call } from '../lib/socket.js'
import { useRoom } from '../lib/store.js'
import { useNow } from '../lib/ticker.js'
import { age, dateTime, duration, label, t } from '../lib/words.js'
import { Button } from '../ui/button.js'
import { Dialog } from '../ui/dialog.js'
import { Choice, TextField } from '../ui/fields.js'
import { Icon } from '../ui/icon.js'
import { toast } from '../ui/live.js'
import { Table } from '../ui/table.js'
import { useAnswer } from './use-answer.js'
import { trouble, valueText } from './words.js'

const GRAVITY = ['critical', 'error', 'warning', 'info']
const HOUR = 3_600_000
const SHELVES = [HOUR, 8 * HOUR, 24 * HOUR, 7 * 24 * HOUR, 30 * 24 * HOUR]

// Gravest first, the newest first among equals.
export function ordered(alarms) {
  return [...alarms].sort((a, b) => GRAVITY.indexOf(a.severity) - GRAVITY.indexOf(b.severity) || b.raised - a.raised)
}

function Severity({ severity }) {
  return html`<span class=${`tech-severity is-${severity}`}><${Icon} name=${severity === 'info' ? 'bell' : 'alert'} size="small" />${t(`technician.severity.${severity}`)}</span>`
}

function Ask({ title, label: name, button, choices, onSend, onClose }) {
  const [text, setText] = useState('')
  const [choice, setChoice] = useState(String(choices?.[0] ?? ''))
  const [busy, setBusy] = useState(false)
  const submit = async (e) => {
    e.preventDefault()
    setBusy(true)
    try {
      await onSend(text.trim(), Number(choice))
      onClose()
    } catch (error) {
      toast(trouble(error), { kind: 'fault' })
      setBusy(false)
    }
  }
  const ready = !choices || text.trim() !== ''
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <form class="tech-form" onSubmit=${submit}>
      ${choices && html`<${Choice} label=${t('technician.alarm.for')} value=${choice} onSet=${setChoice} options=${choices.map((ms) => ({ value: String(ms), label: duration(ms) }))} />`}
      <${TextField} label=${name} value=${text} onInput=${setText} maxlength="200" required=${!!choices} />
      <div class="dialog-actions">
        <${Button} onClick=${onClose}>${t('common.cancel')}<//>
        <${Button} kind="primary" type="submit" busy=${busy} disabled=${!ready}>${button}<//>
      </div>
    </form>
  <//>`
}

function Alarm({ alarm, now, may, onAck, onShelve, onUnshelve }) {
  const shelved = !!alarm.shelved_until
  return html`<li class=${cls('tech-alarm', `is-${alarm.severity}`, shelved && 'is-shelved')} data-alarm=${alarm.alarm}>
    <div class="tech-alarm-what">
      <p><${Severity} severity=${alarm.severity} /><code class="quiet">${alarm.alarm}</code></p>
      <p class="tech-alarm-text">${label(alarm.text, alarm.alarm)}</p>
      ${label(alarm.remedy) && html`<p>${label(alarm.remedy)}</p>`}
      <p class="quiet figure">
        ${t('technician.alarm.since', { when: dateTime(alarm.raised), age: age(Math.max(0, now - alarm.raised / 1000)) })}
        ${alarm.value !== undefined && alarm.limit !== undefined && alarm.limit !== null && ` ${t('technician.alarm.value', { value: valueText(alarm.value), limit: valueText(alarm.limit) })}`}
        ${alarm.state === 'acknowledged' && ` ${t('technician.alarm.seen', { who: alarm.by ?? '', when: dateTime(alarm.acknowledged) })}`}
        ${alarm.note && ` “${alarm.note}”`}
        ${shelved && ` ${t('technician.alarm.until', { when: dateTime(alarm.shelved_until) })}`}
      </p>
    </div>
    <div class="tech-alarm-do">
      ${alarm.state === 'raised' && may.ack && html`<${Button} kind="primary" icon="check" onClick=${onAck}>${t('technician.alarm.ack')}<//>`}
      ${!shelved && may.shelve && html`<${Button} icon="clock" onClick=${onShelve}>${t('technician.alarm.shelve')}<//>`}
      ${shelved && may.shelve && html`<${Button} onClick=${onUnshelve}>${t('technician.alarm.unshelve')}<//>`}
    </div>
  </li>`
}

const limitText = (r) =>
  [r.above !== undefined && `≥ ${valueText(r.above)}`, r.below !== undefined && `≤ ${valueText(r.below)}`, r.value !== undefined && `= ${valueText(r.value)}`].filter(Boolean).join(', ')

export function Alarms() {
  const [alarms, room] = useRoom((r) => [r.alarms, r])
  const now = useNow()
  const [asking, setAsking] = useState(null)
  const { value: known, error } = useAnswer('alarm.list', { ended: 50 })
  const may = { ack: room.live && mayCall(room, 'alarm.ack'), shelve: room.live && mayCall(room, 'alarm.shelve') }
  const all = ordered(alarms.values())
  const standing = all.filter((a) => !a.shelved_until)
  const shelved = all.filter((a) => a.shelved_until)
  const unshelve = (alarm) => call('alarm.unshelve', { alarm }).catch((e) => toast(trouble(e), { kind: 'fault' }))
  const list = (rows) => html`<ul class="tech-alarms">${rows.map((a) => html`<${Alarm}
    key=${a.alarm} alarm=${a} now=${now + room.clock} may=${may}
    onAck=${() => setAsking({ kind: 'ack', alarm: a })} onShelve=${() => setAsking({ kind: 'shelve', alarm: a })} onUnshelve=${() => unshelve(a.alarm)}
  />`)}</ul>`
  const cellEnded = (a, id) =>
    ({ alarm: html`<code>${a.alarm}</code>`, severity: html`<${Severity} severity=${a.severity} />`, text: label(a.text), raised: dateTime(a.raised), cleared: dateTime(a.cleared) })[id]
  const cellRule = (r, id) =>
    ({ alarm: html`<code>${r.alarm}</code>`, severity: html`<${Severity} severity=${r.severity} />`, target: r.target ?? '', limit: limitText(r), delay: r.delay_ms ? duration(r.delay_ms) : '–' })[id]
  const columns = (...ids) => ids.map((id) => ({ id, label: t(`technician.column.${id}`) }))
  return html`<div class="tech-stack">
    <h2>${t('technician.alarms.standing', { n: standing.length })}</h2>
    ${standing.length > 0 ? list(standing) : html`<p class="tech-fine"><${Icon} name="check" />${t('technician.alarms.none')}</p>`}
    ${shelved.length > 0 && html`<h2>${t('technician.alarms.shelved', { n: shelved.length })}</h2>${list(shelved)}`}
    ${error && html`<p class="field-error">${error}</p>`}
    ${known && html`<details class="fold"><summary>${t('technician.alarms.ended')}</summary>
      <${Table} caption=${t('technician.alarms.ended')} columns=${columns('alarm', 'severity', 'text', 'raised', 'cleared')} rows=${known.ended ?? []} rowKey=${(a) => a.raise} cell=${cellEnded} empty=${t('technician.nothing')} />
    </details>
    <details class="fold"><summary>${t('technician.alarms.rules')}</summary>
      <${Table} caption=${t('technician.alarms.rules')} columns=${columns('alarm', 'severity', 'target', 'limit', 'delay')} rows=${known.rules ?? []} rowKey=${(r) => r.alarm} cell=${cellRule} empty=${t('technician.nothing')} />
    </details>`}
    ${asking?.kind === 'ack' && html`<${Ask} title=${t('technician.alarm.ack')} label=${t('technician.alarm.note')} button=${t('technician.alarm.ack')} onClose=${() => setAsking(null)}
      onSend=${(note) => call('alarm.ack', { alarm: asking.alarm.alarm, raise: asking.alarm.raise, ...(note && { note }) })} />`}
    ${asking?.kind === 'shelve' && html`<${Ask} title=${t('technician.alarm.shelve')} label=${t('technician.alarm.reason')} button=${t('technician.alarm.shelve')} choices=${SHELVES} onClose=${() => setAsking(null)}
      onSend=${(reason, ms) => call('alarm.shelve', { alarm: asking.alarm.alarm, for_ms: ms, reason })} />`}
  </div>`
}
