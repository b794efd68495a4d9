// The technician page: every device and point, alarms, the journal, what the room will do today, drivers, how the room itself is.
// Which tab is shown stands in the address, so that a page can be shown to somebody.
import { useState } from 'preact/hooks'
import { html } from '../lib/html.js'
import { mayCall } from '../lib/room.js'
import { useRoom } from '../lib/store.js'
import { label, t, useLanguage } from '../lib/words.js'
import { Tabs } from '../ui/tabs.js'
import { Alarms } from './alarms.js'
import { Devices } from './devices.js'
import { Drivers } from './drivers.js'
import { Health } from './health.js'
import { Journal } from './journal.js'
import { Simulator } from './simulator.js'
import { Timetable } from './timetable.js'

// `may`: the method without which the tab is not offered.
const TABS = [
  { id: 'devices', Panel: Devices, may: 'device.list' },
  { id: 'alarms', Panel: Alarms, may: 'alarm.list' },
  { id: 'journal', Panel: Journal, may: 'journal.read' },
  { id: 'timetable', Panel: Timetable, may: 'timetable.show' },
  { id: 'health', Panel: Health, may: 'system.health' },
  { id: 'drivers', Panel: Drivers, may: 'driver.list' },
  { id: 'simulator', Panel: Simulator, may: 'sim.fault' },
]

export default function Technician() {
  useLanguage()
  const [room, standing] = useRoom((r) => [r, [...r.alarms.values()].filter((a) => !a.shelved_until).length])
  const tabs = TABS.filter((x) => mayCall(room, x.may))
  const [wanted, setWanted] = useState(() => location.hash.slice(1))
  const selected = (tabs.find((x) => x.id === wanted) ?? tabs[0])?.id
  const select = (id) => {
    history.replaceState(null, '', `#${id}`)
    setWanted(id)
  }
  const Panel = tabs.find((x) => x.id === selected)?.Panel
  return html`<div class="technician">
    <h1 class="visually-hidden">${t('technician.title', { room: label(room.describe?.label, room.name ?? '') })}</h1>
    ${tabs.length === 0
      ? html`<p class="quiet">${t(room.person ? 'page.forbidden' : 'common.loading')}</p>`
      : html`<${Tabs}
          label=${t('technician.tabs')}
          tabs=${tabs.map(({ id }) => ({ id, label: t(`technician.tab.${id}`), count: id === 'alarms' ? standing : 0 }))}
          selected=${selected}
          onSelect=${select}
        ><${Panel} key=${selected} /><//>`}
  </div>`
}
