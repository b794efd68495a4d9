// Paths of the pages: /, /sign-in, /r/<room>, /r/<room>/lab, /r/<room>/technician. Pure.

export function parse(path) {
  if (path === '/sign-in') return { page: 'sign-in', room: null }
  const m = /^\/r\/([a-z][a-z0-9-]*)(?:\/(lab|technician))?\/?$/.exec(path)
  if (m) return { page: m[2] ?? 'teacher', room: m[1] }
  return { page: path === '/' ? 'rooms' : 'nowhere', room: null }
}

export function pathOf(page, room) {
  if (page === 'sign-in') return '/sign-in'
  if (!room) return '/'
  return page === 'teacher' ? `/r/${room}` : `/r/${room}/${page}`
}
