// The frame: which page the address names, the room's connection, and what stands above every page.
import { useEffect, useState } from 'preact/hooks'
import { html } from './lib/html.js'
import { navigate, pathOf, useRoute } from './lib/router.js'
import { forget, refresh, useSession } from './lib/session.js'
import { connect, disconnect, onEvent } from './lib/socket.js'
import { useRoom } from './lib/store.js'
import { watchBuild } from './lib/update.js'
import { label, loadWords, t, useLanguage } from './lib/words.js'
import { pages } from './pages.js'
import { Message, Rooms } from './rooms.js'
import { Top } from './top.js'
import { LiveRegion } from './ui/live.js'
import { RoomBanner } from './ui/room-banner.js'

const FIRST_TRY = 2000 // ms until a gateway that did not answer is asked again

const styles = new Map()
// Loads a page's own style sheet once; the page waits for it, so that it is never seen without.
function loadStyle(name) {
  const href = name && STYLES[name]
  if (!href) return Promise.resolve()
  if (!styles.has(name))
    styles.set(
      name,
      new Promise((resolve, reject) => {
        const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', href, onload: resolve, onerror: reject })
        document.head.append(link)
      }),
    )
  return styles.get(name)
}

// The component of a page, its words and its style; null while they come.
function usePage(name) {
  const [loaded, setLoaded] = useState({ name: null })
  const [attempt, setAttempt] = useState(0)
  const page = pages[name]
  useEffect(() => {
    if (!page) return undefined
    let wanted = true
    Promise.all([page.load(), loadWords(page.words), loadStyle(page.style)])
      .then(([module]) => wanted && setLoaded({ name, Page: module.default }))
      .catch(() => {
        styles.delete(page.style)
        if (wanted) setLoaded({ name, failed: true })
      })
    return () => {
      wanted = false
    }
  }, [name, attempt])
  return { ...(loaded.name === name ? loaded : {}), again: () => setAttempt(attempt + 1) }
}

// Connects while the page of a room is shown to somebody who is signed in.
function useConnection(room, person) {
  useEffect(() => {
    if (!room || !person) {
      disconnect()
      return
    }
    connect(room)
  }, [room, person?.name])
}

export function App() {
  useLanguage()
  const { page, room } = useRoute()
  const { known, failed, person, rooms } = useSession()
  const { Page, failed: broken, again } = usePage(page)
  const title = useRoom((r) => r.describe?.label)

  useEffect(() => {
    refresh(room)
    const out = onEvent('signed_out', () => {
      forget()
      navigate(pathOf('sign-in'))
    })
    const stop = watchBuild()
    return () => {
      out()
      stop()
    }
  }, [])
  useEffect(() => {
    if (!failed) return undefined
    const timer = setTimeout(() => refresh(room), FIRST_TRY)
    return () => clearTimeout(timer)
  }, [failed, known])
  // Who is not signed in sees the sign-in page, and comes back to where they wanted to go.
  useEffect(() => {
    if (!known) return
    if (!person && page !== 'sign-in') {
      sessionStorage.setItem('lectern.after', location.pathname)
      navigate(pathOf('sign-in'), true)
    } else if (person && page === 'rooms' && rooms.length === 1) navigate(pathOf('teacher', rooms[0].room), true)
  }, [known, person?.name, page, rooms.length])
  useConnection(room, person)
  useEffect(() => {
    document.title = [room && label(title, room), 'Lectern'].filter(Boolean).join(' · ')
  })

  let content
  if (!known) content = html`<${Message} text=${t(failed ? 'link.lost.page' : 'common.loading')} />`
  else if (page === 'rooms') content = html`<${Rooms} rooms=${rooms} />`
  else if (!pages[page]) content = html`<${Message} text=${t('page.nowhere')} home />`
  else if (!person && page !== 'sign-in') content = null
  else if (broken) content = html`<${Message} text=${t('page.failed')} again=${again} />`
  else content = Page ? html`<${Page} room=${room} />` : html`<${Message} text=${t('common.loading')} />`

  return html`
    <a class="skip" href="#main">${t('common.skip')}</a>
    <${Top} page=${page} room=${room} />
    ${room && person && html`<${RoomBanner} />`}
    <main id="main" tabindex="-1" class="page page-${page}">${content}</main>
    <${LiveRegion} />
  `
}
