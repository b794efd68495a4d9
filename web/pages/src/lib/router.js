// Going from page to page without loading anew.
import { useEffect, useState } from 'preact/hooks'
import { html } from './html.js'
import { parse } from './paths.js'

export { pathOf } from './paths.js'

const listeners = new Set()

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
export function Link({ to, children, onClick, ...rest }) {
  const follow = (e) => {
    onClick?.(e)
    if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return
    e.preventDefault()
    navigate(to)
  }
  return html`<a href=${to} onClick=${follow} ...${rest}>${children}</a>`
}
