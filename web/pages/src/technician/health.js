// How the room's own program is: memory, disk, lines, limits that were reached.
import { html } from '../lib/html.js'
import { duration, number, t } from '../lib/words.js'
import { Card } from '../ui/card.js'
import { Table } from '../ui/table.js'
import { useAnswer } from './use-answer.js'

const COLUMNS = ['line', 'devices', 'open', 'asked', 'answered', 'timed_out', 'bad_frames', 'refused', 'opens']
const megabytes = (bytes) => `${number(bytes / 1e6, 1)} MB`

function Facts({ title, icon, state, rows }) {
  return html`<${Card} title=${title} icon=${icon} state=${state} level=${2}>
    <dl class="tech-facts">${rows.filter(([, v]) => v !== undefined && v !== '').map(([k, v]) => html`<div key=${k}><dt>${t(`technician.health.${k}`)}</dt><dd class="figure">${v}</dd></div>`)}</dl>
  <//>`
}

export function Health() {
  const { value: h, error } = useAnswer('system.health', undefined, { every: 5000 })
  if (!h) return html`<p class="quiet" role=${error ? 'alert' : undefined}>${error || t('common.loading')}</p>`
  const limits = Object.entries(h.limits ?? {})
  const cell = (l, id) => {
    if (id === 'line') return html`<code>${l.line}</code>`
    if (id === 'devices') return (l.devices ?? []).join(', ')
    if (id === 'open') return t(l.open ? 'value.yes' : 'value.no')
    return number(l[id] ?? 0)
  }
  return html`<div class="tech-stack">
    <div class="tech-cards">
      <${Facts} title=${t('technician.health')} icon="device" rows=${[
        ['version', h.version], ['uptime', duration(h.uptime_ms ?? 0)], ['memory', megabytes((h.memory_kb ?? 0) * 1024)], ['cpu', duration(h.cpu_ms ?? 0)],
        ['requests', number(h.bus?.requests ?? 0)], ['errors', number(h.bus?.errors ?? 0)], ['events', number(h.bus?.events ?? 0)],
      ]} />
      <${Facts} title=${t('technician.tab.journal')} icon="list" state=${h.journal?.ok === false ? 'fault' : ''} rows=${[
        ['written', t(h.journal?.ok === false ? 'value.no' : 'value.yes')], ['reason', h.journal?.reason], ['last', number(h.journal?.last ?? 0)], ['waiting', number(h.journal?.waiting ?? 0)],
        ['lost', number(h.journal?.lost ?? 0)], ['free', h.journal?.free_bytes === undefined ? undefined : megabytes(h.journal.free_bytes)],
      ]} />
      <${Facts} title=${t('technician.health.runs')} icon="lab" state=${h.runs?.full ? 'fault' : ''} rows=${[
        ['full', t(h.runs?.full ? 'value.yes' : 'value.no')], ['reason', h.runs?.reason], ['under_way', number(h.runs?.under_way ?? 0)], ['bytes', megabytes(h.runs?.bytes ?? 0)],
        ['budget', megabytes(h.runs?.budget ?? 0)], ['overrun', number(h.runs?.overrun ?? 0)],
      ]} />
      <${Card} title=${t('technician.health.limits')} icon="alert" state=${limits.length > 0 ? 'fault' : ''} level=${2}>
        ${limits.length === 0 && html`<p class="quiet">${t('technician.health.limits.none')}</p>`}
        <dl class="tech-facts">${limits.map(([name, n]) => html`<div key=${name}><dt><code>${name}</code></dt><dd class="figure">${number(n)}</dd></div>`)}</dl>
      <//>
    </div>
    <${Table} caption=${t('technician.health.lines')} showCaption columns=${COLUMNS.map((id, i) => ({ id, label: t(i < 3 ? `technician.column.${id}` : `technician.counter.${id}`), number: i >= 3 }))} rows=${h.lines ?? []} rowKey=${(l) => l.line} cell=${cell} empty=${t('technician.nothing')} />
  </div>`
}
