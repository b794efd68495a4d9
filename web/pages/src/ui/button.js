// Buttons. kind: plain, primary, quiet (no frame), warn (needs you).
import { html, cls } from '../lib/html.js'
import { Icon } from './icon.js'

// `pressed` (true, false) makes it a button that stays down; `busy` shows that what it began is not done yet; it can still be
// pressed unless `disabled`. A disabled button says why in `title`, to a screen reader too.
export function Button({ kind = 'plain', icon, pressed, busy, disabled, wide, children, class: extra, ...rest }) {
  return html`<button
    type="button"
    class=${cls('button', `button-${kind}`, wide && 'button-wide', busy && 'is-busy', extra)}
    aria-pressed=${pressed === undefined ? undefined : String(pressed)}
    aria-busy=${busy ? 'true' : undefined}
    disabled=${disabled}
    ...${rest}
  >
    ${icon && html`<${Icon} name=${icon} />`}
    <span class="button-text">${children}</span>
  </button>`
}

// An icon alone on a small target, with the name said aloud.
export function IconButton({ icon, label, class: extra, ...rest }) {
  return html`<button type="button" class=${cls('icon-button', extra)} aria-label=${label} title=${label} ...${rest}>
    <${Icon} name=${icon} />
  </button>`
}
