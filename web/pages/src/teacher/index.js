// The teacher console: scenes first, then the run, then the devices at their fixed places.
import { html, cls } from '../lib/html.js'
import { useRoom } from '../lib/store.js'
import { label, t, useLanguage } from '../lib/words.js'
import { DeviceCard } from './device-card.js'
import { HelpButton } from './fault.js'
import { Runs } from './run-panel.js'
import { Scenes } from './scenes.js'
import { arrange } from './slots.js'
import { ClosingWarning, Timetable } from './timetable.js'

function Slot({ slot }) {
  const empty = slot.devices.length === 0
  return html`<div class=${cls('slot', empty && 'is-empty')} data-slot=${slot.id}>
    ${empty ? html`<p class="slot-empty">${t('teacher.slot.empty', { what: t(`teacher.slot.${slot.id}`) })}</p>` : slot.devices.map((name) => html`<${DeviceCard} key=${name} name=${name} />`)}
  </div>`
}

export default function Teacher() {
  useLanguage()
  const [list, name, room] = useRoom((r) => [r.list, r.describe?.label, r.name])
  const slots = arrange(list)
  return html`
    <h1 class="visually-hidden">${t('teacher.title', { room: label(name, room) })}</h1>
    <${ClosingWarning} />
    <div class="teacher">
      <div class="teacher-line">
        <${Timetable} />
        <${HelpButton} />
      </div>
      <${Scenes} />
      <${Runs} />
      <h2 class="visually-hidden">${t('teacher.devices')}</h2>
      ${list.length > 0 && html`<div class="slots">${slots.map((s) => html`<${Slot} key=${s.id} slot=${s} />`)}</div>`}
    </div>
  `
}
