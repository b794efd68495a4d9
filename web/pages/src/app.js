// The frame: which page the address names, the room's connection, and what stands above every page.
import { useEffect, useReducer, useState } from 'preact/hooks'
import { html } from './lib/html.js'
import { navigate, pathOf, useRoute } from './lib/router.js'
import { forget, refresh, session, tellWhy, useSession } from './lib/session.js'
import { whatHappened } from './lib/signed-out.js'
import { connect, disconnect, onEvent } from './lib/socket.js'
import { useRoom } from './lib/store.js'
import { watchBuild } from './lib/update.js'
import { label, t, useLanguage } from './lib/words.js'
import { loadPage, pages, readyPage } from './pages.js'
import { Message, Rooms } from './rooms.js'
import { Top } from './top.js'
import { LiveRegion, toast } from './ui/live.js'
import { RoomBanner } from './ui/room-banner.js'

// The component of a page, or that it failed to come; nothing while it comes.
function usePage(name) {
  const [failed, setFailed] = useState(null)
  const [attempt, setAttempt] = useState(0)
  const [, render] = useReducer((n) => n + 1, 0)
  const Page = readyPage(name)
  useEffect(() => {
    if (!pages[name] || Page) return undefined
    let wanted = true
    setFailed(null)
    // also when it came between the drawing and now
    loadPage(name).then(
      () => wanted && render(),
      () => wanted && setFailed(name),
    )
    return () => {
      wanted = false
    }
  }, [name, attempt])
  return { Page, failed: failed === name, again: () => setAttempt(attempt + 1) }
}

// Connects while the page of a room is shown to somebody who is signed in.
function useConnection(room, known, person) {
  useEffect(() => {
    if (room && (person || !known)) connect(room)
    else disconnect()
  }, [room, known, person?.name])
}

export function App() {
  useLanguage()
  const { page, room } = useRoute()
  const { known, failed, person, rooms } = useSession()
  const { Page, failed: broken, again } = usePage(page)
  const title = useRoom((r) => r.describe?.label)

  useEffect(() => {
    // A person's session over that of a panel may have ended: then the panel goes on as itself.
    const out = onEvent('signed_out', async ({ reason }) => {
      const { person: was, leaving } = session()
      forget()
      const { person: now } = await refresh(room)
      const told = leaving ? null : whatHappened(reason, was, now)
      if (told?.toast) toast(t(told.toast, { ...told.params, ...(told.role && { role: t(`role.${told.role}`) }) }))
      else if (told) tellWhy(told.why)
    })
    const stop = watchBuild()
    return () => {
      out()
      stop()
    }
  }, [])
  // Who is not signed in sees the sign-in page, and comes back to where they wanted to go.
  useEffect(() => {
    if (!known) return
    if (!person && page !== 'sign-in') {
      sessionStorage.setItem('lectern.after', location.pathname)
      navigate(pathOf('sign-in'), true)
    } else if (person && page === 'rooms' && rooms.length === 1) navigate(pathOf('teacher', rooms[0].room), true)
  }, [known, person?.name, page, rooms.length])
  useConnection(room, known, person)
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
