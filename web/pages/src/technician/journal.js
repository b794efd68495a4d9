// The journal, newest first, with filters; older pages on demand; new entries by themselves while the newest are looked at.
import { useEffect, useRef, useState } from 'preact/hooks'
import { html } from '../lib/html.js'
import { sceneName, timetableWhy } from '../lib/names.js'
import { call, follow, onEvent } from '../lib/socket.js'
import { useRoom } from '../lib/store.js'
import { dateTime, has, label, search, t } from '../lib/words.js'
import { Button } from '../ui/button.js'
import { Select, TextField } from '../ui/fields.js'
import { Table } from '../ui/table.js'
import { dataText, entryText, personOf, wanted } from './journal-words.js'
import { deviceName, trouble } from './words.js'

const KINDS = ['command', 'state', 'scene', 'step', 'alarm', 'login', 'help', 'event', 'run', 'timetable', 'config', 'clock', 'limit', 'journal', 'start', 'stop']
const PAGE = 200
const KEPT = 2000 // entries in the page at most; the oldest go
const PAGES_AT_ONCE = 5 // pages searched for one press when few entries fit the filters

const asMicros = (text) => (text ? new Date(text).getTime() * 1000 : 0)

// Entries by what the room can filter (kind, device); what only we can (person, time) is filtered where they are shown.
function useEntries(kind, device, fits) {
  const live = useRoom((r) => r.live)
  const [state, setState] = useState({ entries: [], first: 0, error: '', busy: true })
  const mine = useRef(0)
  const params = { limit: PAGE, newest: true, ...(kind && { kind }), ...(device && { device }) }
  const read = async (before, had) => {
    const turn = ++mine.current
    setState((was) => ({ ...was, busy: true }))
    let entries = had
    try {
      let found = 0
      for (let i = 0; i < PAGES_AT_ONCE; i++) {
        const page = await call('journal.read', { ...params, ...(before && { before }) })
        if (turn !== mine.current) return
        entries = [...entries, ...page.entries.reverse()].slice(0, KEPT)
        found += page.entries.filter(fits).length
        before = entries.at(-1)?.journal
        setState({ entries, first: page.first, error: '', busy: false })
        if (page.entries.length < PAGE || found >= PAGE / 4 || entries.length >= KEPT) return
      }
    } catch (error) {
      if (turn === mine.current) setState((was) => ({ ...was, busy: false, error: trouble(error) }))
    }
  }
  useEffect(() => {
    if (live) read(0, [])
    return () => {
      mine.current++
    }
  }, [kind, device, live])
  useEffect(() => {
    const unfollow = follow({ journal: true })
    const off = onEvent('journal', (e) => {
      if ((!kind || e.kind === kind) && (!device || e.device === device))
        setState((was) => (was.entries[0]?.journal >= e.journal ? was : { ...was, entries: [e, ...was.entries].slice(0, KEPT) }))
    })
    return () => {
      off()
      unfollow()
    }
  }, [kind, device])
  const last = state.entries.at(-1)?.journal ?? 0
  return { ...state, more: last > state.first && state.entries.length < KEPT, older: () => read(last, state.entries) }
}

const look = { has, t, dateTime, scene: sceneName, why: (data) => timetableWhy(data).text }
const kindText = (kind) => (has(`technician.kind.${kind}`) ? t(`technician.kind.${kind}`) : kind)

export function Journal() {
  const list = useRoom((r) => r.list)
  const [kind, setKind] = useState('')
  const [device, setDevice] = useState('')
  const [person, setPerson] = useState('')
  const [from, setFrom] = useState('')
  const [to, setTo] = useState('')
  const filter = { kind, device, person, from: asMicros(from), to: asMicros(to) }
  const fits = (entry) => wanted(entry, filter, search)
  const { entries, error, busy, more, older } = useEntries(kind, device, fits)
  const any = { value: '', label: t('technician.any') }
  const columns = ['time', 'kind', 'device', 'person', 'what'].map((id) => ({ id, label: t(`technician.column.${id}`) }))
  const cell = (e, id) =>
    ({
      time: html`<span class="figure">${dateTime(e.time, true)}</span>`,
      kind: html`<span title=${e.kind}>${kindText(e.kind)}</span>`,
      device: e.device ? deviceName(e.device) : '',
      person: personOf(e),
      what: html`<span title=${dataText(e.data)}>${entryText(e, look)}</span>`,
    })[id]
  return html`<div class="tech-tools">
      <${Select} label=${t('technician.column.kind')} value=${kind} onSet=${setKind} options=${[any, ...KINDS.map((k) => ({ value: k, label: kindText(k) }))]} />
      <${Select} label=${t('technician.column.device')} value=${device} onSet=${setDevice} options=${[any, ...list.map((d) => ({ value: d.name, label: label(d.label, d.name) }))]} />
      <${TextField} label=${t('technician.column.person')} value=${person} onInput=${setPerson} type="search" />
      <${TextField} label=${t('technician.from')} value=${from} onInput=${setFrom} type="datetime-local" />
      <${TextField} label=${t('technician.to')} value=${to} onInput=${setTo} type="datetime-local" />
    </div>
    ${error && html`<p class="field-error" role="alert">${error}</p>`}
    <${Table} caption=${t('technician.tab.journal')} columns=${columns} rows=${entries.filter(fits)} rowKey=${(e) => e.journal} cell=${cell} empty=${t(busy ? 'common.loading' : 'technician.nothing')} class="tech-journal" />
    ${more && html`<${Button} busy=${busy} onClick=${older}>${t('technician.older')}<//>`}`
}
