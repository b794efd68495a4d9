// Starts the page. What it will need is asked for at once, side by side: who is here, the room, the page that the address names.
import { render } from 'preact'
import { App } from './app.js'
import { keepFocus } from './lib/focus.js'
import { html } from './lib/html.js'
import { route } from './lib/router.js'
import { refresh } from './lib/session.js'
import { connect } from './lib/socket.js'
import { loadWords } from './lib/words.js'
import { loadPage, pages } from './pages.js'

const { page, room } = route()
refresh(room)
if (room) connect(room)
if (pages[page]) loadPage(page).catch(() => {}) // the frame says so when it fails

loadWords('common').then(() => {
  const root = document.getElementById('app')
  root.textContent = ''
  keepFocus()
  render(html`<${App} />`, root)
})
