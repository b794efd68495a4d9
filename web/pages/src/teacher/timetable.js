// Which period it is, what comes next, and the warning before the room is closed for the day.
import { useState } from 'preact/hooks'
import { html } from '../lib/html.js'
import { timetableWhy } from '../lib/names.js'
import { mayCall } from '../lib/room.js'
import { call } from '../lib/socket.js'
import { useRoom } from '../lib/store.js'
import { useNow } from '../lib/ticker.js'
import { date, duration, t, time, weekday } from '../lib/words.js'
import { Banner } from '../ui/banner.js'
import { Button } from '../ui/button.js'
import { toast } from '../ui/live.js'
import { sceneName, trouble } from './words.js'

// Minutes are enough until the last two.
const coarse = (ms) => duration(ms >= 120_000 ? Math.ceil(ms / 60_000) * 60_000 : ms)

const span = (p) => `${time(p.start)}–${time(p.end)}`

export function Timetable() {
  const [table, clock] = useRoom((r) => [r.timetable, r.clock])
  const now = useNow() + clock
  const { period, next, holiday, closing } = table ?? {}
  const parts = []
  if (holiday) parts.push(t('teacher.time.holiday', { what: holiday }))
  if (period) parts.push(`${period.text} · ${span(period)}`, t('teacher.time.left', { time: coarse(period.end / 1000 - now) }))
  else if (next) parts.push(t(date(next.start) === date(now * 1000) ? 'teacher.time.next' : 'teacher.time.nextDay', { what: next.text, span: span(next), day: date(next.start) }))
  if (closing?.time && !closing.warning && date(closing.time) === date(now * 1000)) parts.push(t('teacher.time.closes', { time: time(closing.time) }))
  return html`<div class="timetable figure">
    <p class="clock"><strong>${time(now * 1000)}</strong> <span class="quiet">${weekday(now * 1000)} ${date(now * 1000)}</span></p>
    ${parts.length > 0 && html`<p class="period">${parts.join(' · ')}</p>`}
  </div>`
}

export function ClosingWarning() {
  const [closing, clock, may] = useRoom((r) => [r.timetable?.closing, r.clock, mayCall(r, 'timetable.extend')])
  const [busy, setBusy] = useState(false)
  const now = useNow(!!closing?.warning) + clock
  if (!closing?.warning) return null
  const extend = async () => {
    setBusy(true)
    try {
      await call('timetable.extend')
    } catch (error) {
      toast(trouble(error).text, { kind: 'fault', detail: trouble(error).code })
    }
    setBusy(false)
  }
  const rest = closing.time / 1000 - now
  const why = closing.code ? timetableWhy({ ...closing, reason: closing.held }) : { text: t('teacher.closing.waits'), title: closing.held }
  return html`<${Banner}
    kind=${closing.held ? 'info' : 'needs'}
    icon="clock"
    title=${t(closing.held ? 'teacher.closing.now' : 'teacher.closing', { time: time(closing.time), scene: sceneName(closing.scene) })}
    actions=${may && html`<${Button} kind="primary" busy=${busy} onClick=${extend}>${t('teacher.closing.extend', { time: duration(closing.extend_ms ?? 1_800_000) })}<//>`}
  >
    ${closing.held ? html`<span title=${why.title}>${why.text}</span>` : rest > 0 && t('teacher.closing.left', { time: coarse(rest) })}
  <//>`
}
