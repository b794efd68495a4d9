// Controls of one point each. A point that the device does not have, or that this person may not set, is not offered.
import { html } from '../lib/html.js'
import { mayCall } from '../lib/room.js'
import { getRoom } from '../lib/store.js'
import { t } from '../lib/words.js'
import { Button } from '../ui/button.js'
import { Select, Slider, Switch } from '../ui/fields.js'
import { dial, settable } from './facts.js'
import { inputName, pointName, valueText } from './words.js'
import { wish, write } from './write.js'

// What is known of a point for its control: null when it is not to be offered.
function pointOf(device, meta, name) {
  const desc = meta?.point[name]
  const point = device.points[name]
  if (!desc || !point || desc.access === 'read' || !mayCall(getRoom(), 'point.write')) return null
  const target = `${device.name}.${name}`
  const mine = wish(target)
  const wanted = mine !== undefined ? mine : point.wanted
  return { desc, point, target, wanted, busy: mine !== undefined || (point.wanted !== undefined && point.wanted !== point.value), can: settable(getRoom(), device, desc) }
}

const fresh = (point) => point.quality === 'good' && point.value !== null

// A bool, or an enum of on and off.
export function PointSwitch({ device, meta, name, label, icon }) {
  const p = pointOf(device, meta, name)
  if (!p) return null
  const isBool = p.desc.type === 'bool'
  const { value } = p.point
  const on = fresh(p.point) ? value === true || value === 'on' : null // warming up is not on yet
  const between = value === 'warming' || value === 'cooling' ? t(`teacher.value.${value}`) : ''
  const text = p.busy ? t(p.wanted === true || p.wanted === 'on' ? 'teacher.going.on' : 'teacher.going.off') : on === null ? t('value.unknown') : between
  return html`<${Switch}
    label=${label ?? pointName(device.name, name)}
    icon=${icon}
    on=${on}
    busy=${p.busy}
    text=${text}
    disabled=${!p.can}
    onSet=${(v) => write(p.target, isBool ? v : v ? 'on' : 'off')}
  />`
}

// A bool as a button that stays down: blank, freeze, mute.
export function PointToggle({ device, meta, name, label, icon }) {
  const p = pointOf(device, meta, name)
  if (!p) return null
  const down = fresh(p.point) && p.point.value === true
  return html`<${Button} icon=${icon} pressed=${down} busy=${p.busy} disabled=${!p.can} onClick=${() => write(p.target, !(p.busy ? p.wanted : down))}>
    ${label ?? pointName(device.name, name)}
  <//>`
}

export function PointSelect({ device, meta, name, label, icon }) {
  const p = pointOf(device, meta, name)
  if (!p || !(p.desc.choices?.length > 0)) return null
  const choices = p.desc.settable ?? p.desc.choices
  const value = p.busy ? p.wanted : p.point.value
  return html`<${Select}
    label=${label ?? pointName(device.name, name)}
    icon=${icon}
    value=${value}
    placeholder=${valueText(name, p.point.value, p.desc)}
    options=${choices.map((c) => ({ value: c, label: inputName(c) }))}
    busy=${p.busy}
    disabled=${!p.can}
    onSet=${(v) => write(p.target, v)}
  />`
}

export function PointSlider({ device, meta, name, label, icon }) {
  const p = pointOf(device, meta, name)
  if (!p) return null
  const { min, max, step } = dial(p.desc)
  const actual = fresh(p.point) ? p.point.value : null
  const text = (shown, value, differs) =>
    differs && value !== null && shown !== value
      ? t('teacher.slider.going', { from: valueText(name, value, p.desc), to: valueText(name, shown, p.desc) })
      : valueText(name, shown, p.desc)
  return html`<${Slider}
    label=${label ?? pointName(device.name, name)}
    icon=${icon}
    value=${actual}
    wanted=${p.busy ? p.wanted : undefined}
    min=${min}
    max=${max}
    step=${step}
    text=${text}
    disabled=${!p.can}
    onSet=${(v) => write(p.target, v)}
  />`
}

// Set by pressing, one button for each thing that can be: screen up, stop, down.
export function PointButtons({ device, meta, name, choices }) {
  const p = pointOf(device, meta, name)
  if (!p) return null
  return choices.map(
    ({ value, label, icon }) => html`<${Button}
      key=${value}
      icon=${icon}
      busy=${p.busy && p.wanted === value}
      pressed=${fresh(p.point) && p.point.value === value}
      disabled=${!p.can}
      onClick=${() => write(p.target, value)}
    >${label}<//>`,
  )
}
