// A dialog in front of the page: the browser's own, which keeps the focus inside, closes on Escape and gives the focus back.
import { useLayoutEffect, useRef } from 'preact/hooks'
import { html, cls } from '../lib/html.js'
import { t } from '../lib/words.js'
import { IconButton } from './button.js'

let open = 0
// Whether any stands: a page is not reloaded under one.
export const dialogOpen = () => open > 0

let ids = 0

// Shown while it is rendered. `actions`: its buttons; `wide`: for tables.
export function Dialog({ title, onClose, actions, wide, children }) {
  const at = useRef()
  const id = useRef()
  if (!id.current) id.current = `dialog-${++ids}`
  useLayoutEffect(() => {
    const dialog = at.current
    open++
    if (!dialog.open) dialog.showModal()
    return () => {
      open--
      dialog.close()
    }
  }, [])
  const cancel = (e) => {
    e.preventDefault()
    onClose?.()
  }
  // a press beside it closes it, as people expect on a tablet
  const beside = (e) => e.target === at.current && onClose?.()
  return html`<dialog ref=${at} class=${cls('dialog', wide && 'dialog-wide')} aria-labelledby=${id.current} onCancel=${cancel} onClick=${beside}>
    <div class="dialog-body">
      <header class="dialog-head">
        <h2 id=${id.current}>${title}</h2>
        ${onClose && html`<${IconButton} icon="close" label=${t('common.close')} onClick=${onClose} />`}
      </header>
      <div class="dialog-content">${children}</div>
      ${actions && html`<footer class="dialog-actions">${actions}</footer>`}
    </div>
  </dialog>`
}
