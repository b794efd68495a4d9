// A card: one thing with a heading. state: '' (plain), working, on, fault, needs, stale; shown by frame and mark, never by colour alone.
import { html, cls } from '../lib/html.js'
import { Icon } from './icon.js'

export function Card({ title, icon, state = '', status, actions, level = 3, class: extra, children, ...rest }) {
  const Heading = `h${level}`
  return html`<section class=${cls('card', state && `is-${state}`, extra)} aria-label=${title} ...${rest}>
    <header class="card-head">
      ${icon && html`<span class="card-icon"><${Icon} name=${icon} /></span>`}
      <div class="card-titles">
        <${Heading} class="card-title">${title}<//>
        ${status && html`<p class="card-status">${status}</p>`}
      </div>
      ${actions && html`<div class="card-actions">${actions}</div>`}
    </header>
    ${children}
  </section>`
}
