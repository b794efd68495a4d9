// Every device as a row that folds out to its points.
import { useState } from 'preact/hooks'
import { html, cls } from '../lib/html.js'
import { useRoom } from '../lib/store.js'
import { label, search, t } from '../lib/words.js'
import { Select, TextField } from '../ui/fields.js'
import { Icon } from '../ui/icon.js'
import { doubts } from './doubts.js'
import { LineCounters, useCounters } from './lines.js'
import { Points, useReads } from './points.js'
import { statusText } from './words.js'

const FILTERS = {
  all: () => true,
  away: (d) => d.status !== 'online',
  doubt: (d) => d.status !== 'online' || doubts(d) > 0,
}

function Row({ entry, device, counters, reads, open, onToggle }) {
  const { name } = entry
  const status = device?.status ?? entry.status
  const bad = doubts(device)
  return html`<section class=${cls('tech-device', `is-${status}`)} data-device=${name} aria-label=${label(entry.label, name)}>
    <h2 class="tech-head">
      <button type="button" class="tech-toggle" aria-expanded=${String(open)} onClick=${onToggle}>
        <${Icon} name=${open ? 'up' : 'right'} size="small" />
        <span class="tech-name">${label(entry.label, name)} <small class="quiet">${name}</small></span>
        <span class="tech-status">
          <${Icon} name=${status === 'online' ? 'check' : status === 'away' ? 'alert' : 'clock'} size="small" />${statusText(status)}
        </span>
        <span class="tech-doubts figure">${bad > 0 ? t('technician.doubts', { n: bad }) : ''}</span>
        <span class="tech-profile quiet">${entry.profile}</span>
      </button>
    </h2>
    ${device?.reason && html`<p class="tech-reason"><${Icon} name="alert" size="small" />${[device.reason, label(device.remedy ?? entry.remedy)].filter(Boolean).join(' · ')}</p>`}
    ${open && html`<div class="tech-body">
      <p class="quiet tech-line"><code>${entry.line || '–'}</code> · ${entry.driver}</p>
      <${LineCounters} line=${counters} name=${entry.line} />
      <${Points} device=${name} reads=${reads} />
    </div>`}
  </section>`
}

export function Devices() {
  const [list, devices] = useRoom((r) => [r.list, r.devices])
  const [query, setQuery] = useState('')
  const [filter, setFilter] = useState('all')
  const [open, setOpen] = useState(() => new Set())
  const counters = useCounters(open.size > 0)
  const reads = useReads(open.size > 0)
  const shown = list.filter((entry) => {
    const device = devices[entry.name] ?? entry
    const points = Object.keys(device.points ?? {}).join(' ')
    return FILTERS[filter](device) && search(`${label(entry.label, '')} ${entry.name} ${entry.class} ${entry.profile} ${points}`, query)
  })
  const toggle = (name) => {
    const next = new Set(open)
    if (!next.delete(name)) next.add(name)
    setOpen(next)
  }
  return html`<div class="tech-tools">
      <${TextField} label=${t('common.search')} value=${query} onInput=${setQuery} type="search" />
      <${Select} label=${t('technician.filter')} value=${filter} onSet=${setFilter} options=${Object.keys(FILTERS).map((f) => ({ value: f, label: t(`technician.filter.${f}`) }))} />
    </div>
    <div class="tech-devices">
      ${shown.map((entry) => html`<${Row}
        key=${entry.name}
        entry=${entry}
        device=${devices[entry.name]}
        counters=${counters?.find((l) => l.line === entry.line)}
        reads=${reads?.[entry.name]}
        open=${open.has(entry.name)}
        onToggle=${() => toggle(entry.name)}
      />`)}
      ${shown.length === 0 && html`<p class="quiet">${t(list.length > 0 ? 'technician.nothing' : 'common.loading')}</p>`}
    </div>`
}
