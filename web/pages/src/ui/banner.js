// A line over the whole page that says something about all of it. kind: info, fault, needs.
import { html, cls } from '../lib/html.js'
import { Icon } from './icon.js'

const ICONS = { info: 'clock', fault: 'alert', needs: 'alert' }

export function Banner({ kind = 'info', icon, title, children, actions }) {
  return html`<div class=${cls('banner', `banner-${kind}`)} role=${kind === 'info' ? 'status' : 'alert'}>
    <${Icon} name=${icon ?? ICONS[kind]} />
    <div class="banner-text"><strong>${title}</strong> ${children}</div>
    ${actions && html`<div class="banner-actions">${actions}</div>`}
  </div>`
}
