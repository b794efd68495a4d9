// The controls of each class of device. What a device does not have leaves no hole inside its card.
import { html } from '../lib/html.js'
import { mayCall } from '../lib/room.js'
import { getRoom } from '../lib/store.js'
import { t } from '../lib/words.js'
import { Button } from '../ui/button.js'
import { PointButtons, PointSelect, PointSlider, PointSwitch, PointToggle } from './controls.js'
import { settable } from './facts.js'
import { Readings } from './readings.js'
import { pointName } from './words.js'
import { invoke, wish } from './write.js'

const PRESETS = 4

// Buttons that stay down, side by side in columns of the same width.
function Row({ children }) {
  return html`<div class="control-columns">${children}</div>`
}

// Projectors, boards and displays: one picture, one sound.
function Picture({ device, meta }) {
  const at = { device, meta }
  return html`
    <${PointSwitch} ...${at} name="power" icon="power" />
    <${PointSelect} ...${at} name="input" icon="source" />
    <${PointSlider} ...${at} name="volume" icon="audio" />
    <${Row}>
      <${PointToggle} ...${at} name="picture_mute" icon="blank" />
      <${PointToggle} ...${at} name="freeze" icon="freeze" />
      <${PointToggle} ...${at} name="audio_mute" icon="mute" />
    <//>
  `
}

function Sound({ device, meta }) {
  const at = { device, meta }
  return html`
    <${PointSwitch} ...${at} name="power" icon="power" />
    <${PointSlider} ...${at} name="volume" icon="audio" />
    <${PointSlider} ...${at} name="level" icon="audio" />
    <${PointSelect} ...${at} name="input" icon="source" />
    <${PointSlider} ...${at} name="mic.level" icon="mic" />
    <${Row}>
      <${PointToggle} ...${at} name="audio_mute" icon="mute" />
      <${PointToggle} ...${at} name="mic.mute" icon="mic" />
    <//>
  `
}

function Light({ device, meta }) {
  const at = { device, meta }
  const zones = ['front', 'rear', 'board'].filter((p) => device.points[p])
  return html`
    <div class="switches">
      <${PointSwitch} ...${at} name="power" label=${zones.length > 0 ? t('teacher.light.all') : undefined} />
      ${zones.map((p) => html`<${PointSwitch} key=${p} ...${at} name=${p} />`)}
    </div>
    <${PointSlider} ...${at} name="level" />
  `
}

function Screen({ device, meta }) {
  const choices = [
    { value: 'up', label: t('teacher.screen.up'), icon: 'up' },
    { value: 'stopped', label: t('teacher.screen.stop'), icon: 'stop' },
    { value: 'down', label: t('teacher.screen.down'), icon: 'down' },
  ]
  return html`<div class="control-columns"><${PointButtons} device=${device} meta=${meta} name="position" choices=${choices} /></div>`
}

function ActionButton({ device, meta, name, args, label, icon }) {
  const action = meta?.actions?.find((a) => a.name === name)
  if (!action || !mayCall(getRoom(), 'action.invoke')) return null
  const target = `${device.name}.${name}`
  const can = settable(getRoom(), device, { access: 'write', when: action.when })
  const busy = wish(target) !== undefined
  return html`<${Button} icon=${icon} busy=${busy} disabled=${!can} onClick=${() => invoke(target, args)}>${label}<//>`
}

function Camera({ device, meta }) {
  const at = { device, meta }
  return html`
    <${PointSwitch} ...${at} name="power" icon="power" />
    <div class="control-columns control-even">
      ${Array.from({ length: PRESETS }, (_, i) => i + 1).map(
        (n) => html`<${ActionButton} key=${n} ...${at} name="preset.recall" args=${{ preset: n }} label=${t('teacher.camera.preset', { n })} />`,
      )}
      <${ActionButton} ...${at} name="home" label=${t('teacher.camera.home')} icon="home" />
    </div>
  `
}

// Relays and whatever else there is: its switches, behind a fold when they are many. One that cannot be read back has two buttons.
function Other({ device, meta }) {
  const may = mayCall(getRoom(), 'point.write')
  const points = (meta?.points ?? []).filter((p) => may && p.access !== 'read' && (p.type === 'bool' || p.name === 'power'))
  const body = html`<div class="switches">
    ${points.map((p) =>
      p.access === 'write'
        ? html`<div class="switch-blind" key=${p.name} role="group" aria-label=${pointName(device.name, p.name)}>
            <span class="switch-label">${pointName(device.name, p.name)}</span>
            <${PointButtons} device=${device} meta=${meta} name=${p.name} choices=${[true, false].map((v) => ({ value: v, label: t(v ? 'teacher.set.on' : 'teacher.set.off') }))} />
          </div>`
        : html`<${PointSwitch} key=${p.name} device=${device} meta=${meta} name=${p.name} />`,
    )}
  </div>`
  return html`
    ${points.length > 2 ? html`<details class="fold"><summary>${t('teacher.more', { n: points.length })}</summary>${body}</details>` : points.length > 0 && body}
    <${Readings} device=${device} meta=${meta} />
  `
}

const BODIES = { projector: Picture, board: Picture, display: Picture, audio: Sound, light: Light, screen: Screen, camera: Camera, sensor: Readings, meter: Readings }

export function DeviceBody({ device, meta }) {
  const Body = BODIES[device.class] ?? Other
  return html`<div class="device-body"><${Body} device=${device} meta=${meta} /></div>`
}
