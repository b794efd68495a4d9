// The prediction: drawn with a pointer, or typed as points; it stays under the curve of the run.
import { useState } from 'preact/hooks'
import { html } from '../lib/html.js'
import { label, t, typed, unit } from '../lib/words.js'
import { Button } from '../ui/button.js'
import { Dialog } from '../ui/dialog.js'
import { Select, useId } from '../ui/fields.js'
import { parse, print } from './prediction.js'

function Points({ points, name, onClose, onSet }) {
  const id = useId('points')
  const [text, setText] = useState(() => print(points, (x) => typed(x, Math.min(6, (String(x).split('.')[1] ?? '').length))))
  const { points: read, wrong } = parse(text)
  return html`<${Dialog}
    title=${t('lab.predict.points.title', { name })}
    onClose=${onClose}
    actions=${html`<${Button} onClick=${onClose}>${t('common.cancel')}<//>
      <${Button} kind="primary" disabled=${wrong.length > 0} onClick=${() => onSet(read)}>${t('lab.predict.set')}<//>`}
  >
    <div class="field">
      <label class="field-label" for=${id}>${t('lab.predict.points.label')}</label>
      <textarea id=${id} class="text-input lab-points" rows="8" aria-describedby="${id}-more" aria-invalid=${wrong.length ? 'true' : undefined} onInput=${(e) => setText(e.currentTarget.value)}>${text}</textarea>
      <p id="${id}-more" class=${wrong.length ? 'field-error' : 'field-hint'}>
        ${wrong.length ? t('lab.predict.points.wrong', { lines: wrong.join(', ') }) : t('lab.predict.points.hint')}
      </p>
    </div>
  <//>`
}

export function Predict({ lab, channels, sketching, onSketch }) {
  const [channel, setChannel] = useState(channels[0]?.channel)
  const [typing, setTyping] = useState(false)
  const chosen = channels.find((c) => c.channel === channel) ?? channels[0]
  if (!chosen) return null
  const name = `${label(chosen.label, chosen.channel)}${unit(chosen.unit) ? ` (${unit(chosen.unit)})` : ''}`
  const points = lab.predictions[lab.chosen]?.[chosen.channel] ?? []
  const pick = (c) => {
    setChannel(c)
    if (sketching) onSketch(c)
  }
  return html`<div class="lab-predict" role="group" aria-label=${t('lab.predict')}>
    <strong class="lab-predict-title">${t('lab.predict')}</strong>
    ${channels.length > 1 &&
    html`<${Select}
      label=${t('lab.predict.channel')}
      hideLabel
      value=${chosen.channel}
      options=${channels.map((c) => ({ value: c.channel, label: label(c.label, c.channel) }))}
      onSet=${pick}
    />`}
    <${Button} icon="board" pressed=${sketching === chosen.channel} onClick=${() => onSketch(sketching === chosen.channel ? '' : chosen.channel)}>
      ${t('lab.predict.sketch')}
    <//>
    <${Button} onClick=${() => setTyping(true)}>${t('lab.predict.type')}<//>
    ${points.length > 0 && html`<${Button} kind="quiet" onClick=${() => lab.predict(chosen.channel, [])}>${t('lab.predict.clear')}<//>`}
    ${sketching && html`<p class="quiet lab-predict-hint" role="status">${t('lab.predict.hint')}</p>`}
    ${typing &&
    html`<${Points}
      points=${points}
      name=${name}
      onClose=${() => setTyping(false)}
      onSet=${(p) => {
        lab.predict(chosen.channel, p)
        setTyping(false)
      }}
    />`}
  </div>`
}
