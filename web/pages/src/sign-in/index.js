// Signing in: choose yourself among the people of this school, or type your name; then PIN or password. A panel is paired with a code.
import { useEffect, useRef, useState } from 'preact/hooks'
import { html } from '../lib/html.js'
import { navigate } from '../lib/router.js'
import { refresh, useSession } from '../lib/session.js'
import { search, t, useLanguage } from '../lib/words.js'
import { Banner } from '../ui/banner.js'
import { Button } from '../ui/button.js'
import { TextField } from '../ui/fields.js'
import { Icon } from '../ui/icon.js'
import { initials, sorted } from './names.js'
import { Pairing } from './pairing.js'
import { Secret } from './secret.js'

const MANY = 8 // people, from which on there is a field to search

// Where they wanted to go before they were asked who they are.
function after() {
  try {
    const path = sessionStorage.getItem('lectern.after')
    sessionStorage.removeItem('lectern.after')
    return path && path.startsWith('/r/') ? path : '/'
  } catch {
    return '/'
  }
}

export async function enter(room) {
  const { person } = await refresh()
  const path = after()
  const home = room ?? person?.panel
  navigate(path === '/' && home ? `/r/${home}` : path, true)
}

function Tiles({ people, onChoose, onOther }) {
  const [query, setQuery] = useState('')
  const found = sorted(people).filter((p) => search(p.label || p.name, query))
  return html`
    ${people.length > MANY && html`<${TextField} label=${t('sign-in.search')} type="search" value=${query} onInput=${setQuery} autocomplete="off" />`}
    <ul class="people">
      ${found.map(
        (p) => html`<li key=${p.name}>
          <button type="button" class="person-tile" onClick=${() => onChoose(p)}>
            <span class="avatar" aria-hidden="true">${initials(p.label || p.name)}</span>
            <span class="person-label">${p.label || p.name}</span>
          </button>
        </li>`,
      )}
    </ul>
    ${found.length === 0 && html`<p class="quiet" role="status">${t('sign-in.nobody')}</p>`}
    <div class="control-row"><${Button} icon="user" onClick=${onOther}>${t('sign-in.other')}<//></div>
  `
}

export default function SignIn() {
  useLanguage()
  const { people, why } = useSession()
  const [person, setPerson] = useState(null) // one of the tiles; {} for somebody who types a name
  const [pairing, setPairing] = useState(false)
  const heading = useRef()
  const chosen = person ?? (people.length === 0 ? {} : null)
  const first = useRef(true)
  useEffect(() => {
    // what is new on the page is where the reader goes on, unless it has taken the focus itself
    const section = heading.current?.parentElement
    const at = document.activeElement
    if (!first.current && section && (at === section || !section.contains(at))) heading.current.focus()
    first.current = false
  }, [pairing, person])

  if (pairing)
    return html`<section class="sign-in sign-in-narrow">
      <h1 ref=${heading} tabindex="-1">${t('sign-in.pair')}</h1>
      <${Pairing} onBack=${() => setPairing(false)} onDone=${enter} />
    </section>`
  return html`<section class=${chosen ? 'sign-in sign-in-narrow' : 'sign-in'}>
    ${why && html`<${Banner} kind=${why === 'stolen' ? 'fault' : 'info'} icon="user" title=${t(`sign-in.why.${why}`)}>${t(why === 'stolen' ? 'sign-in.why.stolen.do' : 'sign-in.why.do')}<//>`}
    <h1 ref=${heading} tabindex="-1">${chosen?.name ? t('sign-in.hello', { name: chosen.label || chosen.name }) : t(chosen ? 'sign-in.title' : 'sign-in.who')}</h1>
    ${chosen
      ? html`<${Secret} key=${chosen.name ?? ''} person=${chosen} onBack=${people.length > 0 ? () => setPerson(null) : null} onDone=${() => enter()} />`
      : html`<${Tiles} people=${people} onChoose=${setPerson} onOther=${() => setPerson({})} />`}
    <p class="sign-in-foot">
      <${Icon} name="link" size="small" /> <button type="button" class="text-button" onClick=${() => setPairing(true)}>${t('sign-in.pair.offer')}</button>
    </p>
  </section>`
}
