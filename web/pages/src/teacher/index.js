// The teacher console: scenes first, then the run, then the devices at their fixed places.
import { useEffect, useState } from 'preact/hooks'
import { html, cls } from '../lib/html.js'
import { useRoom } from '../lib/store.js'
import { label, t, useLanguage } from '../lib/words.js'
import { DeviceCard } from './device-card.js'
import { HelpButton } from './fault.js'
import { Runs } from './run-panel.js'
import { Scenes } from './scenes.js'
import { FIRST_ROW, SLOTS, arrange } from './slots.js'
import { ClosingWarning, Timetable } from './timetable.js'

// What a room does not have leaves a gap: a quiet one in the first row, and just air below.
function Slot({ slot }) {
  const empty = slot.devices.length === 0
  if (empty && SLOTS.findIndex((s) => s.id === slot.id) >= FIRST_ROW) return null
  return html`<div class=${cls('slot', empty && 'is-empty')} data-slot=${slot.id}>
    ${empty ? html`<p class="slot-empty">${t('teacher.slot.empty', { what: t(`teacher.slot.${slot.id}`) })}</p>` : slot.devices.map((name) => html`<${DeviceCard} key=${name} name=${name} />`)}
  </div>`
}

// How many columns the page has room for. The slots are dealt out to them, so that the order of the page, of the Tab key and of a
// screen reader is one and the same.
const WIDTHS = [[4, '(min-width: 75rem)'], [2, '(min-width: 40rem)']].map(([n, query]) => [n, matchMedia(query)])
const columnsNow = () => WIDTHS.find(([, query]) => query.matches)?.[0] ?? 1

function useColumns() {
  const [n, setN] = useState(columnsNow)
  useEffect(() => {
    const changed = () => setN(columnsNow())
    for (const [, query] of WIDTHS) query.addEventListener('change', changed)
    return () => WIDTHS.forEach(([, query]) => query.removeEventListener('change', changed))
  }, [])
  return n
}

export default function Teacher() {
  useLanguage()
  const [list, name, room] = useRoom((r) => [r.list, r.describe?.label, r.name])
  const n = useColumns()
  const columns = Array.from({ length: n }, (_, c) => arrange(list).filter((_slot, i) => i % n === c))
  return html`
    <h1 class="visually-hidden">${t('teacher.title', { room: label(name, room) })}</h1>
    <div class="teacher">
      <${ClosingWarning} />
      <div class="teacher-line">
        <${Timetable} />
        <${HelpButton} />
      </div>
      <${Scenes} />
      <${Runs} />
      <h2 class="visually-hidden">${t('teacher.devices')}</h2>
      ${list.length > 0 && html`<div class="slots">
        ${columns.map((slots, c) => html`<div class="slot-column" key=${c}>${slots.map((s) => html`<${Slot} key=${s.id} slot=${s} />`)}</div>`)}
      </div>`}
    </div>
  `
}
