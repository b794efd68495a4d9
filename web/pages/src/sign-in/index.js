import { html } from '../lib/html.js'

export default function Page() {
  return html`<h1>sign-in</h1>`
}
