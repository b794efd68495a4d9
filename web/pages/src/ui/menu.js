// A button that opens a small panel under itself. Closes on Escape, on a press elsewhere, and when the focus leaves it.
import { useEffect, useRef, useState } from 'preact/hooks'
import { html, cls } from '../lib/html.js'
import { Icon } from './icon.js'
import { useId } from './fields.js'

export function Menu({ label, icon, text, class: extra, children }) {
  const [open, setOpen] = useState(false)
  const at = useRef()
  const id = useId('menu')
  useEffect(() => {
    if (!open) return undefined
    const outside = (e) => !at.current.contains(e.target) && setOpen(false)
    document.addEventListener('pointerdown', outside)
    return () => document.removeEventListener('pointerdown', outside)
  }, [open])
  const key = (e) => {
    if (e.key !== 'Escape' || !open) return
    e.stopPropagation()
    setOpen(false)
    at.current.querySelector('button').focus()
  }
  const left = (e) => open && e.relatedTarget && !at.current.contains(e.relatedTarget) && setOpen(false)
  return html`<div class=${cls('menu', extra)} ref=${at} onKeyDown=${key} onFocusOut=${left}>
    <button type="button" class="menu-button" aria-label=${label} aria-expanded=${String(open)} aria-controls=${id} onClick=${() => setOpen(!open)}>
      ${icon && html`<${Icon} name=${icon} />`}
      ${text && html`<span class="menu-text">${text}</span>`}
      <${Icon} name="down" size="small" />
    </button>
    ${open && html`<div class="menu-panel" id=${id}>${typeof children === 'function' ? children(() => setOpen(false)) : children}</div>`}
  </div>`
}
