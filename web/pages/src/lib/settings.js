// What this browser remembers of its user: language and theme. Works without storage, for as long as the page is open.
const kept = new Map()
const listeners = new Set()

function read(key) {
  if (kept.has(key)) return kept.get(key)
  try {
    return localStorage.getItem(`lectern.${key}`)
  } catch {
    return null
  }
}

function write(key, value) {
  kept.set(key, value)
  try {
    if (value === null) localStorage.removeItem(`lectern.${key}`)
    else localStorage.setItem(`lectern.${key}`, value)
  } catch {
    // a private window may keep nothing
  }
  for (const fn of listeners) fn(key, value)
}

export function language() {
  return read('language') === 'en' ? 'en' : 'vi'
}

export function theme() {
  const chosen = read('theme')
  return chosen === 'light' || chosen === 'dark' ? chosen : 'system'
}

export function chooseLanguage(value) {
  document.documentElement.lang = value
  write('language', value)
}

// data-theme on <html> is what the style sheets go by, whoever chose it. early.js has set it before the first paint.
const system = typeof matchMedia === 'function' ? matchMedia('(prefers-color-scheme: dark)') : null
function applyTheme(chosen) {
  document.documentElement.dataset.theme = chosen === 'system' ? (system?.matches ? 'dark' : 'light') : chosen
}

export function chooseTheme(value) {
  applyTheme(value)
  write('theme', value === 'system' ? null : value)
}

// The system turns dark in the evening.
system?.addEventListener('change', () => {
  applyTheme(theme())
  for (const fn of listeners) fn('theme', theme())
})

// Calls fn(key, value) at each change; returns what ends that.
export function onSetting(fn) {
  listeners.add(fn)
  return () => listeners.delete(fn)
}
