// Starts the page: words, then the frame around whatever the address names.
import { render } from 'preact'
import { App } from './app.js'
import { html } from './lib/html.js'
import { loadWords } from './lib/words.js'

loadWords('common').then(() => {
  const root = document.getElementById('app')
  root.textContent = ''
  render(html`<${App} />`, root)
})
