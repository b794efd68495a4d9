// What the room will do by itself: lesson periods, the scenes they start and end, closing.
import { useState } from 'preact/hooks'
import { html } from '../lib/html.js'
import { sceneName, timetableWhy } from '../lib/names.js'
import { mayCall } from '../lib/room.js'
import { call } from '../lib/socket.js'
import { useRoom } from '../lib/store.js'
import { date, duration, t, time, weekday } from '../lib/words.js'
import { Button } from '../ui/button.js'
import { Choice } from '../ui/fields.js'
import { toast } from '../ui/live.js'
import { Table } from '../ui/table.js'
import { useAnswer } from './use-answer.js'
import { trouble } from './words.js'

function Why({ of }) {
  const { text, title } = timetableWhy(of)
  return html`<small class="quiet" title=${title}>${text}</small>`
}

export function Timetable() {
  const [days, setDays] = useState('1')
  const room = useRoom((r) => r)
  const { value, error, again } = useAnswer('timetable.show', { days: Number(days) }, { every: 30_000 })
  const act = (method, params) => call(method, params).then(again, (e) => toast(trouble(e), { kind: 'fault' }))
  const columns = ['day', 'period', 'text', 'scenes', 'state', 'do'].map((id) => ({ id, label: t(`technician.column.${id}`) }))
  const cell = (p, id) =>
    ({
      day: html`${weekday(p.start)} ${date(p.start)}`,
      period: html`<span class="figure">${time(p.start)}–${time(p.end)}</span>`,
      text: p.text,
      scenes: [p.start_scene, p.end_scene].filter(Boolean).map(sceneName).join(' → ') || '–',
      state: html`${t(`technician.period.${p.state}`)} ${p.reason && html`<${Why} of=${p} />`}`,
      do: p.state === 'planned' && mayCall(room, 'timetable.skip') && html`<${Button} kind="quiet" onClick=${() => act('timetable.skip', { uid: p.uid, start: p.start })}>${t('technician.period.skip')}<//>`,
    })[id]
  if (!value) return html`<p class="quiet" role=${error ? 'alert' : undefined}>${error || t('common.loading')}</p>`
  const { closing, holiday, mistakes = [] } = value
  return html`<div class="tech-stack">
    <${Choice} label=${t('technician.period.days')} value=${days} onSet=${setDays} options=${[['1', 'technician.period.today'], ['7', 'technician.period.week']].map(([v, key]) => ({ value: v, label: t(key) }))} />
    ${holiday && html`<p>${t('technician.period.holiday', { what: holiday })}</p>`}
    ${mistakes.length > 0 && html`<ul class="field-error">${mistakes.map((m) => html`<li key=${m}>${m}</li>`)}</ul>`}
    <${Table} caption=${t('technician.tab.timetable')} columns=${columns} rows=${value.periods ?? []} rowKey=${(p) => `${p.uid} ${p.start}`} cell=${cell} empty=${t('technician.period.none')} />
    ${closing && html`<p class="tech-closing">
      <span>${t('technician.closing', { time: time(closing.time), scene: sceneName(closing.scene) })} ${closing.extended_ms ? t('technician.closing.extended', { time: duration(closing.extended_ms) }) : ''}</span>
      ${closing.reason && html`<${Why} of=${closing} />`}
      ${mayCall(room, 'timetable.extend') && html`<${Button} icon="clock" onClick=${() => act('timetable.extend')}>${t('technician.closing.extend')}<//>`}
    </p>`}
  </div>`
}
