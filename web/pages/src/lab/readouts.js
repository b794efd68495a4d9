// The newest values, large enough for a class; under the cursor, the values there. Each is also the switch of its curve.
import { html, cls } from '../lib/html.js'
import { isFresh } from '../lib/room.js'
import { useRoom } from '../lib/store.js'
import { label, number, t, unit } from '../lib/words.js'
import { short } from './fits.js'
import { looks, MARKS } from './style.js'
import { useData } from './use-lab.js'

const SHAPES = {
  circle: html`<circle cx="24" cy="8" r="4" />`,
  ring: html`<circle cx="24" cy="8" r="4" class="is-open" />`,
  square: html`<rect x="20" y="4" width="8" height="8" />`,
  box: html`<rect x="20" y="4" width="8" height="8" class="is-open" />`,
  triangle: html`<path d="M24 3l5 9h-10z" />`,
  diamond: html`<path d="M24 2.500l5 5.500-5 5.500-5-5.500z" />`,
  cross: html`<path d="M20 4l8 8M28 4l-8 8" class="is-open" />`,
  plus: html`<path d="M24 3v10M19 8h10" class="is-open" />`,
}

// A piece of the curve: its colour, dash and mark.
export function Swatch({ look, dash }) {
  const own = looks(look)
  return html`<svg class=${cls('lab-swatch', `ch-${own.colour + 1}`)} viewBox="0 0 48 16" aria-hidden="true" focusable="false">
    <path d="M1 8h46" class="is-open" stroke-dasharray=${(dash ?? own.dash).join(' ') || undefined} />
    ${SHAPES[own.mark] ?? SHAPES[MARKS[0]]}
  </svg>`
}

export function valueText(value, channel) {
  if (!Number.isFinite(value)) return '–'
  return channel.decimals !== undefined && channel.decimals >= 0 ? number(value, channel.decimals) : short(value, number)
}

// Before the run: what the sensor says now.
function usePoints(channels) {
  return useRoom((r) =>
    channels.map((c) => {
      const target = c.target ?? (c.kind === 'point' ? c.source : null)
      const dot = target ? target.indexOf('.') : -1
      if (dot < 0) return null
      const device = r.devices[target.slice(0, dot)]
      const point = device?.points[target.slice(dot + 1)]
      return isFresh(r, device, point) && typeof point.value === 'number' ? point.value : null
    }),
  )
}

export function Readouts({ lab, channels, look, change, valueAt, cursor, run }) {
  useData(lab)
  const now = usePoints(channels)
  const toggle = (channel) =>
    change(({ hidden }) => {
      const next = new Set(hidden)
      if (!next.delete(channel)) next.add(channel)
      return { hidden: next }
    })
  const data = lab.shown?.data
  const there = new Map((run?.told ?? []).map((c) => [c.channel, c]))
  return html`<div class=${cls('lab-readouts', channels.length > 5 && 'is-many')} role="group" aria-label=${t('lab.readouts')}>
    ${channels.map((c, i) => {
      const trace = data?.traces.get(c.channel)
      const at = cursor !== null && valueAt ? valueAt(c.channel, cursor) : NaN
      const last = trace && !Number.isNaN(trace.value) ? trace.value : (there.get(c.channel)?.last ?? NaN)
      const value = !Number.isNaN(at) ? at : !Number.isNaN(last) ? last : (data ? NaN : (now[i] ?? NaN))
      const quiet = run?.live && there.get(c.channel)?.there === false
      const on = !look.hidden.has(c.channel)
      const name = label(c.label, c.channel)
      return html`<button
        key=${c.channel}
        type="button"
        class=${cls('lab-readout', !on && 'is-hidden', quiet && 'is-away')}
        aria-pressed=${String(on)}
        title=${t(on ? 'lab.readout.hide' : 'lab.readout.show')}
        onClick=${() => toggle(c.channel)}
      >
        <span class="lab-readout-name"><${Swatch} look=${i} />${name}</span>
        <span class="lab-readout-value"><span class="figure">${valueText(value, c)}</span> <span class="lab-readout-unit">${unit(c.unit)}</span></span>
        ${quiet && html`<span class="lab-readout-note">${t(there.get(c.channel)?.samples > 0 ? 'lab.away' : 'lab.readout.away')}</span>`}
      </button>`
    })}
  </div>`
}
