// A device: what it is doing, its controls, and when something is wrong one thing to try.
import { html } from '../lib/html.js'
import { getRoom, useMeta, useRoom } from '../lib/store.js'
import { useNow } from '../lib/ticker.js'
import { age, duration, has, t } from '../lib/words.js'
import { Card } from '../ui/card.js'
import { Icon } from '../ui/icon.js'
import { DeviceBody } from './device-body.js'
import { ageOfDevice, changedBy, mainPoint, stateOf } from './facts.js'
import { Fault } from './fault.js'
import { left } from './runs.js'
import { deviceName, inputName, pointName, valueText, who } from './words.js'
import { useWrites, wish } from './write.js'

const ICONS = new Set(['projector', 'board', 'audio', 'light', 'screen', 'display', 'camera', 'sensor', 'meter', 'relay'])

// The step of a running scene that sets what this device is up to, and when it was told; null when there is none or nobody knows how
// long it takes.
function stepOf(room, name) {
  const device = room.devices[name]
  const main = device && mainPoint(device)
  if (!main) return null
  for (const run of room.runs.values()) {
    if (run.state !== 'running') continue
    const step = run.steps.find((s) => s.target === `${name}.${main}` && s.remaining_ms !== undefined)
    if (step) return { remaining: step.remaining_ms, at: run.at }
  }
  return null
}

// "đang bật · HDMI 1"
function doing(device, meta) {
  const main = mainPoint(device)
  if (!main) return []
  const point = device.points[main]
  if (device.class === 'light' || point.value === null) return []
  const words = device.class === 'audio' && main === 'audio_mute' ? t(point.value ? 'teacher.muted' : 'teacher.sounding') : valueText(main, point.value, meta?.point[main])
  const parts = [words]
  if (point.value === 'on' && device.points.input?.quality === 'good' && device.points.input.value) parts.push(inputName(device.points.input.value))
  if (point.value === 'on' && device.points.picture_mute?.value === true) parts.push(t('teacher.blanked'))
  if (point.value === 'on' && device.points.freeze?.value === true) parts.push(t('teacher.frozen'))
  return parts
}

function lights(device) {
  const on = ['front', 'rear', 'board'].filter((p) => device.points[p]?.value === true)
  if (on.length > 0) return [t('teacher.light.on', { zones: on.map((p) => pointName(device.name, p).toLowerCase()).join(', ') })]
  return [t(device.points.power?.value === true ? 'value.on' : 'value.off')]
}

const MARKS = { working: 'clock', on: 'check', fault: 'alert', needs: 'alert', stale: 'clock' }

function Status({ device, meta, facts, remaining, at, now }) {
  const { state, why } = facts
  const main = mainPoint(device)
  let parts
  if (why === 'away' || (why === 'room' && device.status === 'away')) parts = [t('teacher.away')]
  else if (why === 'starting') parts = [t('teacher.starting')]
  else parts = device.class === 'light' ? lights(device) : doing(device, meta)
  if (main && state === 'working') {
    const rest = left(remaining, at, now)
    const wanted = wish(`${device.name}.${main}`) ?? device.points[main].wanted
    // "đang hạ", rather than "đang chạy": where it goes says more than that it goes; a projector that warms up says so itself
    if (wanted !== undefined && wanted !== device.points[main].value && !['warming', 'cooling'].includes(device.points[main].value) && has(`teacher.going.${wanted}`))
      parts = [t(`teacher.going.${wanted}`)]
    if (rest) parts = [...parts, t('teacher.left', { time: duration(rest) })]
  }
  const ms = why === 'room' || why === 'old' ? ageOfDevice(device, now) : undefined
  const old = ms === undefined ? '' : ms === null ? t('age.never') : t('age.stale', { age: age(ms) })
  if (parts.length === 0 && !old) return null
  return html`${state && html`<${Icon} name=${MARKS[state]} size="small" />`}<span>${parts.join(' · ')}${parts.length > 0 && old && html`<br />`}${old}</span>`
}

function Changed({ change, room, device, now }) {
  const key = change.by === 'device' ? 'teacher.changed.device' : 'teacher.changed.by'
  const ms = now + room.clock - change.time / 1000
  return html`<p class="changed">
    <${Icon} name="user" size="small" />
    <span>${t(key, { who: who(change.by), point: pointName(device.name, change.point).toLowerCase() })} · ${age(ms)}</span>
  </p>`
}

export function DeviceCard({ name }) {
  const [device, allAlarms, remaining, at] = useRoom((r) => {
    const step = stepOf(r, name)
    return [r.devices[name], r.alarms, step?.remaining, step?.at, r.live, r.person]
  })
  const meta = useMeta(name)
  useWrites()
  const room = getRoom()
  const alarms = [...allAlarms.values()].filter((a) => a.device === name && !a.shelved_until)
  const facts = device && stateOf(room, device, alarms)
  const change = device && changedBy(device, room.person?.name, (Date.now() + room.clock) * 1000)
  // what has neither a countdown nor an age need not be drawn each second
  const now = useNow(!!change || facts?.state === 'working' || facts?.state === 'stale')
  if (!device) return html`<${Card} title=${deviceName(name)} icon="device" state="stale" status=${t('common.loading')} />`
  return html`<${Card}
    class="device"
    title=${deviceName(name)}
    icon=${ICONS.has(device.class) ? device.class : 'device'}
    state=${facts.state}
    status=${html`<${Status} device=${device} meta=${meta} facts=${facts} remaining=${remaining} at=${at} now=${now} />`}
    data-device=${name}
    data-state=${facts.state || 'plain'}
  >
    <${Fault} device=${device} facts=${facts} alarms=${alarms} />
    ${device.status !== 'away' && html`<${DeviceBody} device=${device} meta=${meta} />`}
    ${change && html`<${Changed} change=${change} device=${device} room=${room} now=${now} />`}
  <//>`
}
