// Numbers that a room measures, large enough to read; old ones in grey with their age.
import { html, cls } from '../lib/html.js'
import { ageOf, isFresh } from '../lib/room.js'
import { getRoom } from '../lib/store.js'
import { useNow } from '../lib/ticker.js'
import { age, t } from '../lib/words.js'
import { pointName, valueText } from './words.js'

// What a teacher reads of a sensor or a meter; the technician's page has the rest.
const SHOWN = ['temperature', 'humidity', 'co2', 'pm25', 'illuminance', 'sound', 'presence', 'power.active', 'energy.import']
const MOST = 4

export function Readings({ device, meta }) {
  const room = getRoom() // the card renders us when anything of its device changes
  const all = Object.keys(device.points).filter((p) => ['int', 'float'].includes(meta?.point[p]?.type) || p === 'presence')
  const first = SHOWN.filter((p) => all.includes(p))
  const names = (first.length > 0 ? first : all).slice(0, MOST)
  const old = room.live && names.some((p) => !isFresh(room, device, device.points[p]))
  const now = useNow(old)
  if (names.length === 0) return null
  return html`<dl class="readings">
    ${names.map((p) => {
      const point = device.points[p]
      const good = isFresh(room, device, point)
      const ms = ageOf(point, now)
      return html`<div key=${p} class=${cls('reading', !good && 'is-old')}>
        <dt>${pointName(device.name, p)}</dt>
        <dd class="figure">${p === 'presence' && point.value !== null ? t(point.value ? 'value.yes' : 'value.no') : valueText(p, point.value, { unit: point.unit ?? meta?.point[p]?.unit })}</dd>
        ${room.live && !good && html`<dd class="reading-age">${ms === null ? t('age.never') : t('age.stale', { age: age(ms) })}</dd>`}
      </div>`
    })}
  </dl>`
}
