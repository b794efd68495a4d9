// Makes this browser the panel of a room, with the code that somebody in charge has made (lectern user pair).
import { useEffect, useRef, useState } from 'preact/hooks'
import { pair } from '../lib/api.js'
import { html, cls } from '../lib/html.js'
import { useNow } from '../lib/ticker.js'
import { duration, t } from '../lib/words.js'
import { Button } from '../ui/button.js'
import { TextField } from '../ui/fields.js'
import { refusal } from './secret.js'

const DIGITS = 8

export function Pairing({ onBack, onDone }) {
  const [code, setCode] = useState('')
  const [busy, setBusy] = useState(false)
  const [refused, setRefused] = useState({ text: '', until: 0 })
  const field = useRef()
  const now = useNow(refused.until > 0)
  const wait = Math.max(0, refused.until - now)
  useEffect(() => field.current?.focus(), [])
  const submit = async (e) => {
    e.preventDefault()
    const digits = code.replace(/\D/g, '') // it is shown in two groups
    if (busy || wait > 0) return
    if (digits.length !== DIGITS) {
      setRefused({ text: t('sign-in.pair.short'), until: 0 })
      return
    }
    setBusy(true)
    try {
      const { room } = await pair(digits)
      await onDone(room)
    } catch (error) {
      setRefused(refusal(error))
    }
    setBusy(false)
  }
  return html`<form class="secret" onSubmit=${submit}>
    <p class="quiet">${t('sign-in.pair.explain')}</p>
    <${TextField} label=${t('sign-in.pair.code')} class="code-field" value=${code} onInput=${setCode} input=${field} autocomplete="off" inputmode="numeric" spellcheck=${false} maxlength="16" />
    <p class="field-error" role="alert">${wait > 0 ? t('sign-in.wait', { time: duration(wait) }) : refused.text}</p>
    <div class="control-row">
      <${Button} icon="left" onClick=${onBack}>${t('sign-in.back')}<//>
      <button type="submit" class=${cls('button button-primary', busy && 'is-busy')} disabled=${wait > 0}>${t('sign-in.pair.go')}</button>
    </div>
  </form>`
}
