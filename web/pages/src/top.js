// The line above every page: the room, its pages, the connection, the person.
import { html, cls } from './lib/html.js'
import { signOut } from './lib/api.js'
import { Link, navigate, pathOf } from './lib/router.js'
import { forget, leave as leaving, refresh, useSession } from './lib/session.js'
import { chooseTheme, theme } from './lib/settings.js'
import { useRoom } from './lib/store.js'
import { label, setLanguage, t, useLanguage } from './lib/words.js'
import { pages } from './pages.js'
import { Button } from './ui/button.js'
import { Choice } from './ui/fields.js'
import { Icon } from './ui/icon.js'
import { Menu } from './ui/menu.js'
import { useState } from 'preact/hooks'

function LinkState() {
  const [live, link, reached] = useRoom((r) => [r.live, r.link, r.reached])
  const state = live ? 'live' : link === 'opening' || (link === 'open' && reached) ? 'opening' : 'lost'
  return html`<p class=${cls('link-state', `is-${state}`)}>
    <${Icon} name=${state === 'lost' ? 'nolink' : 'link'} /><span>${t(`link.${state}`)}</span>
  </p>`
}

function Nav({ page, room, may }) {
  const shown = Object.entries(pages).filter(([, p]) => p.nav && (!p.may || p.may.some((m) => may.includes(m))))
  if (shown.length < 2) return null
  return html`<nav class="nav" aria-label=${t('nav.label')}>
    ${shown.map(
      ([name, p]) => html`<${Link} key=${name} class="nav-link" to=${pathOf(name, room)} aria-current=${name === page ? 'page' : undefined}>
        <${Icon} name=${p.icon} /><span>${t(`nav.${name}`)}</span>
      <//>`,
    )}
  </nav>`
}

export function Settings() {
  const language = useLanguage()
  const [look, setLook] = useState(theme)
  return html`<${Choice}
      label=${t('person.language')}
      value=${language}
      options=${[{ value: 'vi', label: 'Tiếng Việt' }, { value: 'en', label: 'English' }]}
      onSet=${(v) => setLanguage(v)}
    />
    <${Choice}
      label=${t('person.theme')}
      value=${look}
      options=${['system', 'light', 'dark'].map((v) => ({ value: v, label: t(`person.theme.${v}`) }))}
      onSet=${(v) => {
        chooseTheme(v)
        setLook(v)
      }}
    />`
}

function Person({ person, rooms }) {
  const name = person ? (person.kiosk ? t('person.kiosk') : person.label || person.name) : t('person.guest')
  const leave = async (close) => {
    close()
    leaving()
    try {
      await signOut()
    } catch {
      // the session may have ended already; what counts is who we are now
    }
    forget()
    const { person: left } = await refresh()
    navigate(left?.panel ? pathOf('teacher', left.panel) : pathOf('sign-in')) // a panel goes on as itself
  }
  return html`<${Menu} class="person" icon="user" label=${t('person.menu', { name })} text=${name}>
    ${(close) => html`
      <p class="person-name"><strong>${name}</strong>${person && html`<span class="quiet">${t(`role.${person.role}`)}</span>`}</p>
      <${Settings} />
      ${rooms.length > 1 && html`<${Link} class="button button-plain button-wide" to="/" onClick=${close}>${t('nav.rooms')}<//>`}
      ${person?.kiosk && html`<${Link} class="button button-plain button-wide" to=${pathOf('sign-in')} onClick=${close}>${t('person.signIn')}<//>`}
      ${person && !person.kiosk && html`<${Button} wide onClick=${() => leave(close)}>${t('person.signOut')}<//>`}
    `}
  <//>`
}

export function Top({ page, room }) {
  const { person: signedIn, rooms } = useSession()
  const [describe, helloPerson] = useRoom((r) => [r.describe, r.person])
  const person = room && helloPerson ? { ...signedIn, ...helloPerson } : signedIn
  const may = helloPerson?.may ?? describe?.you?.may ?? []
  const known = rooms.find((r) => r.room === room)
  return html`<header class="top">
    <div class="top-name">
      ${room
        ? html`<p class="top-room">${label(describe?.label ?? known?.label, room)}</p>
            <p class="top-site">${[label(describe?.site_label, describe?.site), describe?.simulated && t('common.simulated')].filter(Boolean).join(' · ')}</p>`
        : html`<p class="top-mark">Lectern</p>`}
    </div>
    ${room && person && html`<${Nav} page=${page} room=${room} may=${may} />`}
    <div class="top-end">
      ${room && person && html`<${LinkState} />`}
      <${Person} person=${person} rooms=${person ? rooms : []} />
    </div>
  </header>`
}
