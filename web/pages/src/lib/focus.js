// Where the keyboard is when what it was on goes away: a button that disappears when it has done its work, a row that is deleted, a page that
// is left. The browser would drop the focus, and a screen reader begin again at the top; here it goes to what it stood in.

const PLACES = 'li, section, aside, dialog, [role="tabpanel"], main'

let trail = [] // what had the focus and all that it stood in, from the inside out; of a dialog, then, of what opened it
let outside = []
let dialog = null

function remember(e) {
  const within = e.target.closest('dialog')
  if (within !== dialog) outside = within ? trail : []
  dialog = within
  const stands = []
  for (let at = e.target; at && at !== document.body; at = at.parentElement) {
    stands.push(at)
    if (at === within) break
  }
  trail = [...stands, ...outside]
}

const there = (e) => e.isConnected && e.getClientRects().length > 0

function keep() {
  const now = document.activeElement
  if ((now && now !== document.body) || trail.length === 0) return
  // What is disabled for a while gets it back: Tab goes on from there meanwhile.
  if (there(trail[0])) {
    if (!trail[0].disabled) trail[0].focus({ preventScroll: true })
    return
  }
  const place = trail.find((e) => e.matches(PLACES) && there(e)) ?? document.querySelector('main')
  if (!place) return
  if (!place.hasAttribute('tabindex')) {
    place.tabIndex = -1
    place.addEventListener('blur', () => place.removeAttribute('tabindex'), { once: true })
  }
  place.focus({ preventScroll: true })
}

export function keepFocus() {
  document.addEventListener('focusin', remember)
  // who presses elsewhere wants the focus nowhere
  document.addEventListener('pointerdown', () => (trail = []), true)
  new MutationObserver(keep).observe(document.body, { childList: true, subtree: true, attributeFilter: ['disabled'] })
}
