// Before the first paint: the theme and language that this browser chose last, so that a dark room is not lit up by a page that
// turns dark a moment later.
try {
  const root = document.documentElement
  const theme = localStorage.getItem('lectern.theme')
  if (theme === 'light' || theme === 'dark') root.dataset.theme = theme
  if (localStorage.getItem('lectern.language') === 'en') root.lang = 'en'
} catch {
  // storage is closed to us: the system's theme and Vietnamese
}
