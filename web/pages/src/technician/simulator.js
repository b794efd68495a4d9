// Faults of simulated devices, while the simulator plays the room.
import { useState } from 'preact/hooks'
import { html } from '../lib/html.js'
import { call } from '../lib/socket.js'
import { t } from '../lib/words.js'
import { Button } from '../ui/button.js'
import { Select } from '../ui/fields.js'
import { toast } from '../ui/live.js'
import { Table } from '../ui/table.js'
import { useAnswer } from './use-answer.js'
import { deviceName, trouble } from './words.js'

export function Simulator() {
  const { value, error, again } = useAnswer('sim.describe', undefined, { every: 3000 })
  const [device, setDevice] = useState('')
  const [fault, setFault] = useState('')
  const act = (method, params) => call(method, params).then(again, (e) => toast(trouble(e), { kind: 'fault' }))
  if (!value) return html`<p class="quiet" role=${error ? 'alert' : undefined}>${error || t('common.loading')}</p>`
  const columns = ['device', 'model', 'connections', 'commands', 'faults', 'do'].map((id) => ({ id, label: t(`technician.column.${id}`) }))
  const cell = (d, id) => {
    if (id === 'device') return html`${deviceName(d.device)} <small class="quiet">${d.device}</small>`
    if (id === 'faults') return (d.faults ?? []).map((f) => f.fault ?? f).join(', ') || '–'
    if (id !== 'do') return d[id] ?? '–'
    return html`<div class="tech-actions">
      ${(d.faults ?? []).length > 0 && html`<${Button} kind="quiet" onClick=${() => act('sim.clear', { device: d.device })}>${t('technician.sim.clear')}<//>`}
      <${Button} kind="quiet" onClick=${() => act(d.plugged === false ? 'sim.plug' : 'sim.unplug', { device: d.device })}>${t(d.plugged === false ? 'technician.sim.plug' : 'technician.sim.unplug')}<//>
    </div>`
  }
  const names = (list) => list.map((v) => ({ value: v, label: v }))
  return html`<div class="tech-stack">
    <p class="quiet">${t('technician.sim.explain', { speed: value.speed })}</p>
    <form class="tech-tools" onSubmit=${(e) => { e.preventDefault(); if (device && fault) act('sim.fault', { device, fault }) }}>
      <${Select} label=${t('technician.column.device')} value=${device} onSet=${setDevice} placeholder=${t('technician.choose')} options=${(value.devices ?? []).map((d) => ({ value: d.device, label: deviceName(d.device) }))} />
      <${Select} label=${t('technician.sim.fault')} value=${fault} onSet=${setFault} placeholder=${t('technician.choose')} options=${names(value.faults ?? [])} />
      <${Button} kind="primary" type="submit" disabled=${!device || !fault}>${t('technician.sim.begin')}<//>
    </form>
    <${Table} caption=${t('technician.tab.simulator')} columns=${columns} rows=${value.devices ?? []} rowKey=${(d) => d.device} cell=${cell} empty=${t('technician.nothing')} />
  </div>`
}
