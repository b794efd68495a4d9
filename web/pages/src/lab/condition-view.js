// A condition as a sentence; what has no words stands as it is in the room file.
import { html } from '../lib/html.js'
import { duration, label, number, t, withUnit } from '../lib/words.js'
import { condition } from './conditions.js'

export function Condition({ text, channels }) {
  const c = condition(text)
  const channel = c && channels.find((x) => x.channel === c.channel)
  if (!channel) return html`<code>${text}</code>`
  const value = withUnit(number(c.value), channel.unit)
  const held = c.hold >= 1000 ? duration(c.hold) : `${number(c.hold)} ms`
  return html`<span>${t(`lab.cond.${c.key}`, { name: label(channel.label, channel.channel), value })}${c.hold > 0 && `, ${t('lab.cond.for', { time: held })}`}</span>`
}
