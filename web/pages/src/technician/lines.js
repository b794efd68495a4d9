// A line: what was asked and answered on it, and its bytes on demand.
import { useEffect, useState } from 'preact/hooks'
import { html } from '../lib/html.js'
import { mayCall } from '../lib/room.js'
import { call, follow, onEvent } from '../lib/socket.js'
import { useRoom } from '../lib/store.js'
import { number, t, time } from '../lib/words.js'
import { Button } from '../ui/button.js'
import { toast } from '../ui/live.js'
import { useAnswer } from './use-answer.js'
import { trouble } from './words.js'

const COUNTERS = ['asked', 'answered', 'timed_out', 'bad_frames', 'refused', 'opens']
const EVERY = 5000 // ms
const BYTES_MAX = 200 // rows of the trace that are kept

// The lines as system.health has them, while `on`; null before, and for whom they are not.
export function useCounters(on) {
  const may = useRoom((r) => mayCall(r, 'system.health'))
  const { value } = useAnswer(on && may ? 'system.health' : 'room.describe', undefined, { every: on && may ? EVERY : 0 })
  return value?.lines ?? null
}

// "41 54 0d" → "AT·"
export function readable(hex) {
  return hex.replace(/[^0-9a-f]/gi, '').replace(/../g, (b) => {
    const c = parseInt(b, 16)
    return c >= 0x20 && c < 0x7f ? String.fromCharCode(c) : '·'
  })
}

function Trace({ line }) {
  const [rows, setRows] = useState([])
  useEffect(() => {
    const unfollow = follow({ trace: true })
    const off = onEvent('trace', (e) => {
      if (e.line === undefined || e.line === line) setRows((was) => [...was, e].slice(-BYTES_MAX))
    })
    call('line.trace', { line, on: true }).catch((error) => toast(trouble(error), { kind: 'fault' }))
    return () => {
      off()
      unfollow()
      call('line.trace', { line, on: false }).catch(() => {})
    }
  }, [line])
  return html`<div class="tech-trace" tabindex="0" role="log" aria-label=${t('technician.trace.of', { line })}>
    ${rows.length === 0 && html`<p class="quiet">${t('technician.trace.waiting')}</p>`}
    ${rows.map((e, i) => html`<div key=${e.seq ?? i} class="tech-bytes"><span class="figure quiet">${time(e.time, true)}</span> <span>${t(`technician.trace.${e.dir}`)}</span> <code>${e.hex}</code> <code class="quiet">${readable(e.hex ?? '')}</code></div>`)}
  </div>`
}

export function LineCounters({ line, name }) {
  const [tracing, setTracing] = useState(false)
  const may = useRoom((r) => mayCall(r, 'line.trace') && r.live)
  if (!name) return null
  return html`<div class="tech-counters">
    ${line && html`<dl class="tech-numbers">${COUNTERS.map((c) => html`<div key=${c}><dt>${t(`technician.counter.${c}`)}</dt><dd class="figure">${number(line[c] ?? 0)}</dd></div>`)}</dl>`}
    ${may && html`<${Button} kind="quiet" icon="list" pressed=${tracing} onClick=${() => setTracing(!tracing)}>${t('technician.trace')}<//>`}
    ${tracing && html`<${Trace} line=${name} />`}
  </div>`
}
