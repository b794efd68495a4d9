// Templates: html`<${Button} kind="primary">…</${Button}>` makes Preact's nodes, without a compile step.
import htm from 'htm'
import { h } from 'preact'

export const html = htm.bind(h)

// Class names from parts, the empty ones left out: cls('card', fault && 'is-fault')
export function cls(...parts) {
  return parts.filter(Boolean).join(' ')
}
