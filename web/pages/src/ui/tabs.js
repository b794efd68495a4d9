// Tabs inside a page: arrow keys move between them, as screen readers expect. tabs: [{id, label, count}]
import { useRef } from 'preact/hooks'
import { html, cls } from '../lib/html.js'
import { useId } from './fields.js'

export function Tabs({ label, tabs, selected, onSelect, children }) {
  const list = useRef()
  const id = useId('tabs')
  const key = (e) => {
    const i = tabs.findIndex((x) => x.id === selected)
    const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: tabs.length - 1 }[e.key]
    if (to === undefined) return
    e.preventDefault()
    const n = (to + tabs.length) % tabs.length
    onSelect(tabs[n].id)
    list.current.children[n].focus()
  }
  return html`<div class="tabs">
    <div class="tab-list" role="tablist" aria-label=${label} ref=${list} onKeyDown=${key}>
      ${tabs.map(
        (x) => html`<button
          key=${x.id}
          type="button"
          role="tab"
          id="${id}-${x.id}"
          class=${cls('tab', x.id === selected && 'is-selected')}
          aria-selected=${String(x.id === selected)}
          aria-controls="${id}-panel"
          tabindex=${x.id === selected ? 0 : -1}
          onClick=${() => onSelect(x.id)}
        >
          ${x.label}${x.count ? html` <span class="count">${x.count}</span>` : ''}
        </button>`,
      )}
    </div>
    <div role="tabpanel" id="${id}-panel" aria-labelledby="${id}-${selected}" class="tab-panel" tabindex="-1">${children}</div>
  </div>`
}
