// The points of one device: value, quality, age, unit, who changed it; what may be written is written here, actions too.
import { useState } from 'preact/hooks'
import { html, cls } from '../lib/html.js'
import { ageOf, isFresh, mayCall } from '../lib/room.js'
import { call } from '../lib/socket.js'
import { useMeta, useRoom } from '../lib/store.js'
import { useNow } from '../lib/ticker.js'
import { age, label, t, unit } from '../lib/words.js'
import { Button } from '../ui/button.js'
import { Icon } from '../ui/icon.js'
import { announce, toast } from '../ui/live.js'
import { Table } from '../ui/table.js'
import { isDoubt } from './doubts.js'
import { useAnswer } from './use-answer.js'
import { ActionDialog, WriteDialog } from './write.js'
import { qualityText, trouble, valueText } from './words.js'

const EVERY = 5000 // ms

// The devices as the room has them, while `on`; null before. Events tell only what has changed: when a value was last read stands here.
export function useReads(on) {
  const { value } = useAnswer(on ? 'state.snapshot' : 'room.describe', undefined, { every: on ? EVERY : 0 })
  return on ? (value?.devices ?? null) : null
}

// How long ago the device said so, by the latest that is known; null when it never has.
function readAge(point, read, now, clock) {
  const old = ageOf(point, now)
  return old === null || !read?.time ? old : Math.min(old, Math.max(0, now + clock - read.time / 1000))
}

function Quality({ point, fresh }) {
  const quality = point?.quality ?? 'bad'
  const idle = point && quality === 'bad' && !isDoubt(point)
  return html`<span class=${cls('tech-quality', fresh ? 'is-good' : quality === 'good' || idle ? 'is-stale' : `is-${quality}`)}>
    <${Icon} name=${fresh ? 'check' : quality === 'bad' && !idle ? 'alert' : 'clock'} size="small" />${qualityText(quality)}
    ${point?.reason && html`<small class="quiet"> ${point.reason}</small>`}
  </span>`
}

export function Points({ device, reads }) {
  const meta = useMeta(device)
  const [state, room] = useRoom((r) => [r.devices[device], r])
  const now = useNow()
  const [writing, setWriting] = useState(null)
  const [invoking, setInvoking] = useState(null)
  if (!meta) return html`<p class="quiet">${t('common.loading')}</p>`
  const may = { write: mayCall(room, 'point.write') && room.live, read: mayCall(room, 'point.read') && room.live, invoke: mayCall(room, 'action.invoke') && room.live }
  const fresh = async (point) => {
    try {
      const value = await call('point.read', { target: `${device}.${point}`, fresh: true })
      announce(`${point}: ${valueText(value.value, value.unit)}`)
      toast(`${device}.${point} = ${valueText(value.value, value.unit)}`)
    } catch (error) {
      toast(`${device}.${point}: ${trouble(error)}`, { kind: 'fault' })
    }
  }
  const columns = ['point', 'value', 'quality', 'age', 'unit', 'by', 'do'].map((id) => ({ id, label: t(`technician.column.${id}`) }))
  const cell = (desc, id) => {
    const point = state?.points[desc.name]
    const old = readAge(point, reads?.points?.[desc.name], now, room.clock)
    switch (id) {
      case 'point':
        return html`<code>${desc.name}</code> <small class="quiet">${label(desc.label)}</small>`
      case 'value':
        return html`<span class=${cls('figure', !isFresh(room, state, point) && 'is-old')}>${valueText(point?.value, undefined)}</span>
          ${point?.wanted !== undefined && html`<small class="tech-wanted"> → ${valueText(point.wanted)}</small>`}`
      case 'quality':
        return html`<${Quality} point=${point} fresh=${isFresh(room, state, point)} />`
      case 'age':
        return html`<span class="figure">${old === null ? '–' : age(old)}</span>`
      case 'unit':
        return unit(desc.unit) || '–'
      case 'by':
        return point?.by ? (point.by === 'device' ? t('technician.by.device') : point.by) : ''
      default:
        return html`<div class="tech-actions">
          ${desc.access !== 'write' && !desc.stream && may.read && html`<${Button} kind="quiet" onClick=${() => fresh(desc.name)} aria-label=${t('technician.read.of', { point: desc.name })}>${t('technician.read')}<//>`}
          ${desc.access !== 'read' && may.write && html`<${Button} kind="quiet" onClick=${() => setWriting(desc)} aria-label=${t('technician.write.of', { point: desc.name })}>${t('technician.write')}<//>`}
        </div>`
    }
  }
  return html`<${Table} caption=${t('technician.points.of', { device })} columns=${columns} rows=${meta.points} rowKey=${(p) => p.name} cell=${cell} class="tech-points" />
    ${meta.actions?.length > 0 && may.invoke && html`<div class="tech-invoke" role="group" aria-label=${t('technician.actions')}>
      ${meta.actions.map((a) => html`<${Button} key=${a.name} kind=${a.urgent ? 'warn' : 'plain'} onClick=${() => setInvoking(a)}>${label(a.label, a.name)}<//>`)}
    </div>`}
    ${writing && html`<${WriteDialog} device=${device} desc=${writing} now=${state?.points[writing.name]} onClose=${() => setWriting(null)} />`}
    ${invoking && html`<${ActionDialog} device=${device} action=${invoking} onClose=${() => setInvoking(null)} />`}`
}
