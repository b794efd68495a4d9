// What is said once: toasts for the eye, a live region for the ear. announce(text) says without showing.
import { useEffect, useState } from 'preact/hooks'
import { html, cls } from '../lib/html.js'
import { t } from '../lib/words.js'
import { IconButton } from './button.js'
import { Icon } from './icon.js'

const SHOWN = 7000 // ms; a fault stays until it is closed
const MOST = 3

let toasts = []
let spoken = ''
let number = 0
const listeners = new Set()
const changed = () => listeners.forEach((fn) => fn())

export function toast(text, { kind = 'info', detail } = {}) {
  const entry = { id: ++number, text, kind, detail }
  toasts = [...toasts.filter((x) => x.text !== text), entry].slice(-MOST)
  if (kind === 'info') setTimeout(() => dismiss(entry.id), SHOWN)
  changed()
}

export function dismiss(id) {
  toasts = toasts.filter((x) => x.id !== id)
  changed()
}

// The same text twice in a row is said twice: a region that does not change is not read.
export function announce(text) {
  spoken = spoken === text ? `${text}\u00a0` : text
  changed()
}

export function LiveRegion() {
  const [, render] = useState(0)
  useEffect(() => {
    const fn = () => render((n) => n + 1)
    listeners.add(fn)
    return () => listeners.delete(fn)
  }, [])
  return html`<div class="toasts">
    <div class="visually-hidden" role="status" aria-live="polite" data-live="polite">${spoken}</div>
    ${toasts.map(
      (x) => html`<div key=${x.id} class=${cls('toast', `toast-${x.kind}`)} role=${x.kind === 'info' ? 'status' : 'alert'}>
        <${Icon} name=${x.kind === 'info' ? 'check' : 'alert'} />
        <div class="toast-text">
          ${x.text} ${x.detail && html`<small class="toast-detail">${x.detail}</small>`}
        </div>
        <${IconButton} icon="close" label=${t('common.close')} onClick=${() => dismiss(x.id)} />
      </div>`,
    )}
  </div>`
}
