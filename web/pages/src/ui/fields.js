// Things to set: slider, switch, choice, text, and groups of choices. All are the browser's own elements underneath.
import { useEffect, useRef, useState } from 'preact/hooks'
import { html, cls } from '../lib/html.js'
import { Icon } from './icon.js'

let ids = 0
export function useId(prefix = 'f') {
  const id = useRef()
  if (!id.current) id.current = `${prefix}-${++ids}`
  return id.current
}

const WRITE_EVERY = 200 // ms between values while a finger moves
const SETTLE = 1500 // ms after the last move until the slider goes back to what is true

// A slider that shows what is wanted (the thumb) and what is true (the filled part). onSet gets values while it moves, at most five a
// second, the last one always.
export function Slider({ label, value, wanted, min, max, step = 1, text, icon, disabled, onSet }) {
  const id = useId('slider')
  const [held, setHeld] = useState(null)
  const pending = useRef({ timer: null, value: null, last: 0, release: null })
  useEffect(() => () => {
    clearTimeout(pending.current.timer)
    clearTimeout(pending.current.release)
  }, [])
  const flush = () => {
    const p = pending.current
    p.timer = null
    if (p.value === null) return
    p.last = performance.now()
    const v = p.value
    p.value = null
    onSet(v)
  }
  const moved = (e) => {
    const v = Number(e.currentTarget.value)
    const p = pending.current
    setHeld(v)
    p.value = v
    clearTimeout(p.release)
    p.release = setTimeout(() => setHeld(null), SETTLE)
    if (p.timer === null) p.timer = setTimeout(flush, Math.max(0, WRITE_EVERY - (performance.now() - p.last)))
  }
  const shown = held ?? wanted ?? value
  const part = (x) => (x === null || x === undefined ? 0 : Math.min(1, Math.max(0, (x - min) / (max - min))))
  return html`<div class=${cls('slider', disabled && 'is-disabled')}>
    <div class="slider-head">
      <label for=${id}>${icon && html`<${Icon} name=${icon} />`}<span>${label}</span></label>
      <output class="slider-value" for=${id}>${text(shown, value, held !== null || (wanted !== undefined && wanted !== null))}</output>
    </div>
    <input
      id=${id}
      type="range"
      min=${min}
      max=${max}
      step=${step}
      value=${shown ?? min}
      disabled=${disabled}
      aria-valuetext=${text(shown, value, false)}
      style=${{ '--actual': part(value), '--shown': part(shown) }}
      onInput=${moved}
    />
  </div>`
}

// On or off. `busy`: asked for, not true yet. `on` null: not known.
export function Switch({ label, on, busy, disabled, text, icon, onSet }) {
  return html`<button
    type="button"
    role="switch"
    class=${cls('switch', busy && 'is-busy', on === null && 'is-unknown')}
    aria-checked=${String(on === true)}
    aria-busy=${busy ? 'true' : undefined}
    disabled=${disabled}
    onClick=${() => onSet(on !== true)}
  >
    ${icon && html`<${Icon} name=${icon} />`}
    <span class="switch-label">${label}</span>
    ${text && html`<span class="switch-text">${text}</span>`}
    <span class="switch-track" aria-hidden="true"><span class="switch-thumb"></span></span>
  </button>`
}

// options: [{value, label}]. `hideLabel`: said, not shown.
export function Select({ label, value, options, disabled, busy, icon, hideLabel, placeholder, onSet, ...rest }) {
  const id = useId('select')
  const known = options.some((o) => o.value === value)
  return html`<div class=${cls('field', busy && 'is-busy')}>
    <label class=${cls('field-label', hideLabel && 'visually-hidden')} for=${id}>${icon && html`<${Icon} name=${icon} />`}<span>${label}</span></label>
    <div class="select">
      <select id=${id} disabled=${disabled} value=${known ? value : ''} onChange=${(e) => onSet(e.currentTarget.value)} ...${rest}>
        ${!known && html`<option value="" disabled>${placeholder ?? value ?? ''}</option>`}
        ${options.map((o) => html`<option key=${o.value} value=${o.value} selected=${o.value === value}>${o.label}</option>`)}
      </select>
      <${Icon} name="down" />
    </div>
  </div>`
}

export function TextField({ label, value, onInput, error, hint, class: extra, input, ...rest }) {
  const id = useId('text')
  return html`<div class=${cls('field', error && 'has-error', extra)}>
    <label class="field-label" for=${id}><span>${label}</span></label>
    <input
      id=${id}
      ref=${input}
      class="text-input"
      value=${value}
      aria-invalid=${error ? 'true' : undefined}
      aria-describedby=${error || hint ? `${id}-more` : undefined}
      onInput=${(e) => onInput(e.currentTarget.value)}
      ...${rest}
    />
    ${(error || hint) && html`<p id="${id}-more" class=${error ? 'field-error' : 'field-hint'}>${error ?? hint}</p>`}
  </div>`
}

// One of a few: radio buttons that look like one row of buttons.
export function Choice({ label, value, options, onSet }) {
  const id = useId('choice')
  return html`<fieldset class="choice">
    <legend class="field-label">${label}</legend>
    <div class="choice-row">
      ${options.map(
        (o) => html`<label key=${o.value} class=${cls('choice-option', o.value === value && 'is-chosen')}>
          <input type="radio" name=${id} value=${o.value} checked=${o.value === value} onChange=${() => onSet(o.value)} />
          <span>${o.label}</span>
        </label>`,
      )}
    </div>
  </fieldset>`
}
