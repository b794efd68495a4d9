// What is said over the whole page while it shows old values, and once when it is current again.
import { useEffect, useRef, useState } from 'preact/hooks'
import { html } from '../lib/html.js'
import { useRoom } from '../lib/store.js'
import { time, t } from '../lib/words.js'
import { Banner } from './banner.js'
import { announce } from './live.js'

const PATIENCE = 1200 // ms: a reconnection that takes less is no news

export function RoomBanner() {
  const [live, link, reached, since, ever] = useRoom((r) => [r.live, r.link, r.reached, r.since, r.describe !== null])
  const [shown, setShown] = useState(false)
  const said = useRef(false)
  useEffect(() => {
    document.documentElement.classList.toggle('room-lost', !live && ever)
    if (live) {
      if (said.current) announce(t('link.back'))
      said.current = false
      setShown(false)
      return undefined
    }
    const timer = setTimeout(() => {
      setShown(true)
      said.current = true
    }, PATIENCE)
    return () => clearTimeout(timer)
  }, [live, ever])
  useEffect(() => () => document.documentElement.classList.remove('room-lost'), [])
  if (live || !shown) return null
  const what = !ever ? 'link.opening.page' : link === 'open' && !reached ? 'link.lost.room' : 'link.lost.page'
  return html`<${Banner} kind=${ever ? 'fault' : 'info'} icon=${ever ? 'nolink' : 'clock'} title=${t(what)}>
    ${since > 0 && t('link.since', { time: time(since * 1000, true) })}
  <//>`
}
