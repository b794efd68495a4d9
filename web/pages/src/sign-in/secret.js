// PIN or password. The pad writes into the field that the keyboard writes into, so that both work at any time.
import { useEffect, useRef, useState } from 'preact/hooks'
import { signIn } from '../lib/api.js'
import { html, cls } from '../lib/html.js'
import { useNow } from '../lib/ticker.js'
import { duration, label, t } from '../lib/words.js'
import { Button, IconButton } from '../ui/button.js'
import { TextField } from '../ui/fields.js'

const DIGITS = ['1', '2', '3', '4', '5', '6', '7', '8', '9']
const LONGEST = 128

// What a refusal means to the person; {text, until: ms until which there is no use in trying}
export function refusal(error) {
  const words = label(error.words)
  if (error.status === 429) return { text: '', until: Date.now() + 1000 * (error.wait_s ?? 5) }
  if (error.status === 401) return { text: words || t('sign-in.wrong'), until: 0 }
  return { text: words || t('sign-in.unreachable'), until: 0 }
}

export function Secret({ person, onBack, onDone }) {
  const [name, setName] = useState(person.name ?? '')
  const [secret, setSecret] = useState('')
  const [kind, setKind] = useState(person.name ? 'pin' : 'password')
  const [busy, setBusy] = useState(false)
  const [refused, setRefused] = useState({ text: '', until: 0 })
  const field = useRef()
  const now = useNow(refused.until > 0)
  const wait = Math.max(0, refused.until - now)
  // a finger on the pad should not bring up the tablet's keyboard
  useEffect(() => {
    if (matchMedia('(pointer: fine)').matches || kind === 'password') field.current?.focus()
  }, [kind])

  const submit = async (e) => {
    e?.preventDefault()
    if (busy || wait > 0 || !name || !secret) return
    setBusy(true)
    setRefused({ text: '', until: 0 })
    try {
      await signIn(name.trim(), secret)
      await onDone()
    } catch (error) {
      setSecret('')
      setRefused(refusal(error))
      field.current?.focus({ preventScroll: true })
    }
    setBusy(false)
  }
  // a keyboard works wherever the focus is
  useEffect(() => {
    if (kind !== 'pin') return undefined
    const key = (e) => {
      if (e.target.closest('input, select, textarea') || e.ctrlKey || e.metaKey || e.altKey || !/^\d$/.test(e.key)) return
      type(e.key)
      field.current?.focus({ preventScroll: true })
      e.preventDefault()
    }
    document.addEventListener('keydown', key)
    return () => document.removeEventListener('keydown', key)
  }, [kind])
  const type = (digit) => setSecret((s) => (s + digit).slice(0, LONGEST))
  const message = wait > 0 ? t('sign-in.wait', { time: duration(wait) }) : refused.text
  return html`<form class="secret" onSubmit=${submit}>
    ${!person.name && html`<${TextField} label=${t('sign-in.name')} value=${name} onInput=${setName} autocomplete="username" autocapitalize="none" spellcheck=${false} />`}
    <${TextField}
      label=${t(kind === 'pin' ? 'sign-in.pin' : person.name ? 'sign-in.password' : 'sign-in.secret')}
      type="password"
      class=${cls(kind === 'pin' && 'pin-field')}
      inputmode=${kind === 'pin' ? 'numeric' : undefined}
      autocomplete="current-password"
      maxlength=${LONGEST}
      value=${secret}
      onInput=${setSecret}
      input=${field}
    />
    <p class="field-error" role="alert">${message}</p>
    ${kind === 'pin' &&
    html`<div class="pad" role="group" aria-label=${t('sign-in.pad')}>
      ${DIGITS.map((d) => html`<${Button} key=${d} class="pad-key" onClick=${() => type(d)}>${d}<//>`)}
      <${IconButton} class="pad-key pad-quiet" icon="backspace" label=${t('sign-in.erase')} onClick=${() => setSecret(secret.slice(0, -1))} />
      <${Button} class="pad-key" onClick=${() => type('0')}>0<//>
      <button type="submit" class="button button-primary pad-key" aria-busy=${busy ? 'true' : undefined} disabled=${wait > 0}>${t('sign-in.go')}</button>
    </div>`}
    ${kind === 'password' && html`<button type="submit" class=${cls('button button-primary', busy && 'is-busy')} disabled=${wait > 0}>${t('sign-in.enter')}</button>`}
    <div class="control-row">
      ${onBack && html`<${Button} icon="left" onClick=${onBack}>${t('sign-in.back')}<//>`}
      ${person.name && html`<${Button} onClick=${() => setKind(kind === 'pin' ? 'password' : 'pin')}>${t(kind === 'pin' ? 'sign-in.usePassword' : 'sign-in.usePin')}<//>`}
    </div>
  </form>`
}
