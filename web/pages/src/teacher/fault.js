// What is wrong with a device in a plain sentence, one thing to try, and a call for help. Codes are one tap deeper.
import { useState } from 'preact/hooks'
import { html } from '../lib/html.js'
import { mayCall } from '../lib/room.js'
import { call } from '../lib/socket.js'
import { getRoom, useRoom } from '../lib/store.js'
import { has, label, t, time } from '../lib/words.js'
import { Button } from '../ui/button.js'
import { Dialog } from '../ui/dialog.js'
import { TextField } from '../ui/fields.js'
import { Icon } from '../ui/icon.js'
import { announce, toast } from '../ui/live.js'
import { deviceName, inSentence, pointName, trouble } from './words.js'
import { forgetTrouble, troubleOf } from './write.js'

const sentence = (text) => text[0].toUpperCase() + text.slice(1)

// {text, remedy, code, dismiss} of what a person should know of this device, or null.
function worst(device, facts, alarms) {
  const own = troubleOf(device.name)
  const alarm = alarms.find((a) => a.alarm !== 'help' && (a.severity === 'error' || a.severity === 'critical'))
  const name = inSentence(deviceName(device.name))
  if (facts.why === 'away') {
    const away = alarm?.alarm.endsWith('.away') ? alarm : null
    return {
      text: t('teacher.fault.away', { device: name }), remedy: label(device.remedy ?? away?.remedy, t('teacher.fault.away.try')), code: device.reason,
    }
  }
  if (facts.faults.length > 0) {
    const point = facts.faults[0]
    const known = alarms.find((a) => a.alarm === `${device.name}.${point}`)
    const key = `teacher.fault.${point}`
    return {
      // our own sentence where there is one: an alarm's is made for those who look after a hundred rooms
      text: has(key) ? sentence(t(key, { device: name })) : label(known?.text, t('teacher.fault.other', { device: name, what: pointName(device.name, point).toLowerCase() })),
      remedy: has(`${key}.try`) ? t(`${key}.try`) : label(known?.remedy, t('teacher.fault.other.try')),
      code: `${device.name}.${point} = ${device.points[point].value}`,
    }
  }
  if (own) return { ...own, dismiss: () => forgetTrouble(device.name) }
  if (alarm) return { text: label(alarm.text), remedy: label(alarm.remedy), code: alarm.alarm }
  return null
}

export function Fault({ device, facts, alarms }) {
  if (facts.why === 'room' || facts.why === 'starting') return null
  const fault = worst(device, facts, alarms)
  if (!fault) return null
  return html`<div class="fault" role="group" aria-label=${t('teacher.fault.label', { device: deviceName(device.name) })}>
    <p class="fault-text"><${Icon} name="alert" size="small" /><span>${fault.text}</span></p>
    ${fault.remedy && html`<p class="fault-try"><strong>${t('teacher.try')}</strong> ${fault.remedy}</p>`}
    <div class="control-row">
      <${HelpButton} device=${device.name} />
      ${fault.dismiss && html`<${Button} kind="quiet" onClick=${fault.dismiss}>${t('common.close')}<//>`}
    </div>
    ${fault.code && html`<details class="fold"><summary>${t('teacher.codes')}</summary><p class="code">${fault.code}</p></details>`}
  </div>`
}

// One tap, then what to say, then it is on its way; afterwards it says how far the call has come.
export function HelpButton({ device }) {
  const [open, setOpen] = useState(false)
  const [help, live] = useRoom((r) => [r.alarms.get('help'), r.live])
  if (!mayCall(getRoom(), 'help.call')) return null
  const standing = help && (!device || !help.device || help.device === device)
  return html`
    ${standing
      ? html`<p class="help-state"><${Icon} name="help" size="small" />
          <span>${help.state === 'acknowledged'
            ? t('teacher.help.seen', { who: help.by ?? '', time: time(help.acknowledged ?? help.raised) })
            : t('teacher.help.called', { time: time(help.raised) })}</span>
        </p>`
      : html`<${Button} icon="help" disabled=${!live} onClick=${() => setOpen(true)}>${t('teacher.help')}<//>`}
    ${open && html`<${HelpDialog} device=${device} onClose=${() => setOpen(false)} />`}
  `
}

function HelpDialog({ device, onClose }) {
  const [text, setText] = useState('')
  const [busy, setBusy] = useState(false)
  const send = async (e) => {
    e?.preventDefault()
    if (busy) return
    setBusy(true)
    try {
      await call('help.call', { ...(device && { device }), ...(text.trim() && { text: text.trim() }) })
      announce(t('teacher.help.done'))
      toast(t('teacher.help.done'))
      onClose()
    } catch (error) {
      const { text: said, code } = trouble(error)
      toast(said, { kind: 'fault', detail: code })
      setBusy(false)
    }
  }
  // with a keyboard one goes on typing; with a finger the tablet's keyboard would cover half of it
  const typing = matchMedia('(pointer: fine)').matches
  const title = device ? t('teacher.help.title.device', { device: inSentence(deviceName(device)) }) : t('teacher.help.title')
  return html`<${Dialog}
    title=${title}
    onClose=${onClose}
    actions=${html`<${Button} onClick=${onClose}>${t('common.cancel')}<//><${Button} kind="primary" icon="help" busy=${busy} autofocus=${!typing} onClick=${send}>${t('teacher.help.send')}<//>`}
  >
    <p>${t('teacher.help.explain')}</p>
    <form onSubmit=${send}>
      <${TextField} label=${t('teacher.help.text')} value=${text} onInput=${setText} maxlength="200" autocomplete="off" autofocus=${typing} />
    </form>
  <//>`
}
