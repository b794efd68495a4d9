// Before the first paint: the theme and language that this browser chose last, so that a dark room is not lit up by a page that
// turns dark a moment later. lib/settings.js goes on from here.
const root = document.documentElement
let theme = null
try {
  theme = localStorage.getItem('lectern.theme')
  if (localStorage.getItem('lectern.language') === 'en') root.lang = 'en'
} catch {
  // storage is closed to us: the system's theme and Vietnamese
}
const dark = theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
root.dataset.theme = dark ? 'dark' : 'light'
