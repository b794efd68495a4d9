import { loadWords } from './lib/words.js'

// The pages there are, each loaded when it is first shown. `style`: a style sheet of its own; `may`: methods of which a person
// needs one for the page to be offered; `nav`: it stands in the navigation of a room. (The maker page will be the next row here.)
export const pages = {
  'sign-in': { load: () => import('./sign-in/index.js'), words: 'sign-in' },
  teacher: { load: () => import('./teacher/index.js'), words: 'teacher', nav: true, icon: 'home' },
  lab: { load: () => import('./lab/index.js'), words: 'lab', style: 'lab', nav: true, icon: 'lab', may: ['experiment.list', 'run.list'] },
  technician: {
    load: () => import('./technician/index.js'), words: 'technician', style: 'technician', nav: true, icon: 'tools',
    may: ['line.trace', 'alarm.shelve'],
  },
}

// ---- Loading: a page with its words and its style, so that it is never seen without -----------------------------------

const ready = new Map() // page → component
const coming = new Map() // page → promise
const styles = new Map()

function loadStyle(name) {
  const href = name && STYLES[name]
  if (!href) return undefined
  if (!styles.has(name))
    styles.set(
      name,
      new Promise((resolve, reject) => {
        const onerror = (e) => {
          styles.delete(name)
          reject(e)
        }
        document.head.append(Object.assign(document.createElement('link'), { rel: 'stylesheet', href, onload: resolve, onerror }))
      }),
    )
  return styles.get(name)
}

// The component of a page when it is here already.
export const readyPage = (name) => ready.get(name)

// Fetches a page; a later call tries again what failed.
export function loadPage(name) {
  const page = pages[name]
  if (!coming.has(name))
    coming.set(
      name,
      Promise.all([page.load(), loadWords(page.words), loadStyle(page.style)]).then(
        ([module]) => {
          ready.set(name, module.default)
          return module.default
        },
        (error) => {
          coming.delete(name)
          throw error
        },
      ),
    )
  return coming.get(name)
}
