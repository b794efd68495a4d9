// Paths of the pages: /, /sign-in, /r/<room>, /r/<room>/lab, /r/<room>/technician.
import { useEffect, useState } from 'preact/hooks'
import { html } from './html.js'

const listeners = new Set()

// Pure, for tests.
export function parse(path) {
  if (path === '/sign-in') return { page: 'sign-in', room: null }
  const m = /^\/r\/([a-z][a-z0-9-]*)(?:\/(lab|technician|maker))?\/?$/.exec(path)
  if (m) return { page: m[2] ?? 'teacher', room: m[1] }
  return { page: path === '/' ? 'rooms' : 'nowhere', room: null }
}

export function pathOf(page, room) {
  if (page === 'sign-in') return '/sign-in'
  if (!room) return '/'
  return page === 'teacher' ? `/r/${room}` : `/r/${room}/${page}`
}

export function route() {
  return parse(location.pathname)
}

export function navigate(path, replace = false) {
  if (path === location.pathname + location.search) return
  history[replace ? 'replaceState' : 'pushState'](null, '', path)
  for (const fn of listeners) fn()
}

export function useRoute() {
  const [at, setAt] = useState(route)
  useEffect(() => {
    const changed = () => setAt(route())
    listeners.add(changed)
    addEventListener('popstate', changed)
    return () => {
      listeners.delete(changed)
      removeEventListener('popstate', changed)
    }
  }, [])
  return at
}

// A link to a page of ours: a real link for the middle button and the keyboard, without a reload for the rest.
export function Link({ to, children, ...rest }) {
  const follow = (e) => {
    if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return
    e.preventDefault()
    navigate(to)
  }
  return html`<a href=${to} onClick=${follow} ...${rest}>${children}</a>`
}
