// The first page: which room? And short messages in the place of a page.
import { html } from './lib/html.js'
import { Link, pathOf } from './lib/router.js'
import { collate, label, t } from './lib/words.js'
import { Button } from './ui/button.js'
import { Icon } from './ui/icon.js'

export function Rooms({ rooms }) {
  const sorted = [...rooms].sort((a, b) => collate(label(a.label, a.room), label(b.label, b.room)))
  return html`<section class="rooms">
    <h1>${t('rooms.title')}</h1>
    ${sorted.length === 0 && html`<p class="quiet">${t('rooms.none')}</p>`}
    <ul class="room-list">
      ${sorted.map(
        (r) => html`<li key=${r.room}>
          <${Link} class="room-tile" to=${pathOf('teacher', r.room)}>
            <${Icon} name="home" />
            <span class="room-name">${label(r.label, r.room)}</span>
            <span class="room-state">${t(`rooms.${r.state}`)}</span>
          <//>
        </li>`,
      )}
    </ul>
  </section>`
}

export function Message({ text, home, again }) {
  return html`<section class="message">
    <p>${text}</p>
    ${again && html`<${Button} kind="primary" onClick=${again}>${t('common.retry')}<//>`}
    ${home && html`<${Link} class="button button-primary" to="/">${t('page.home')}<//>`}
  </section>`
}
