// Why a page is no longer signed in as before, in words of the catalogue. Pure.

const KNOWN = new Set(['none', 'expired', 'ended', 'changed', 'stolen'])

// was, now: the person before and after, or null. {toast: key, params}: said over the page that goes on; {why: reason}: said on the
// sign-in page; null: no news to whoever sits there.
export function whatHappened(reason, was, now) {
  if (now && was?.name === now.name && was?.role === now.role) return null
  if (now?.kiosk) return { toast: 'signed-out.panel' }
  if (now && was?.name === now.name) return { toast: 'signed-out.role', role: now.role }
  if (now) return was ? { toast: 'signed-out.other', params: { name: now.label || now.name } } : null
  if (!was && (reason === 'none' || reason === 'session')) return null // nobody had signed in here
  return { why: KNOWN.has(reason) ? reason : 'ended' }
}
