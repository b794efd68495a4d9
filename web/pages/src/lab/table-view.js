// The same data as a table, page by page, read from the run file: a real table with a caption, for a screen reader and for who wants
// to copy numbers.
import { useEffect, useRef, useState } from 'preact/hooks'
import { html } from '../lib/html.js'
import { call } from '../lib/socket.js'
import { label, number, t, unit } from '../lib/words.js'
import { Button } from '../ui/button.js'
import { TextField } from '../ui/fields.js'
import { announce } from '../ui/live.js'
import { timeText } from './axes.js'
import { underWay } from './model.js'
import { typedNumber } from './plan.js'
import { valueText } from './readouts.js'
import { rowsOf } from './rows.js'
import { reasonOf } from './use-lab.js'

const ROWS = 50
const REFRESH = 2000 // ms, of the newest page of a run under way

// The stretch that holds about one page, from `from` on.
async function readPage(run, from, backwards) {
  const hz = Math.max(0.001, ...run.channels.map((c) => c.rate_hz || (run.elapsed_ms > 0 ? ((c.samples || 1) * 1000) / run.elapsed_ms : 1)))
  const span = (ROWS * 1.2) / hz
  const names = run.channels.map((c) => c.channel)
  for (let k = 1; k <= 64; k *= 4) {
    const a = backwards ? from - span * k : from
    const b = backwards ? from : from + span * k
    const r = await call('run.read', { run: run.run, from: a, to: b })
    const rows = rowsOf(r.channels, names)
    const reached = backwards ? a <= -600 || (k >= 16 && a < 0) : b > (run.elapsed_ms ?? 0) / 1000 + 1
    if (rows.length >= ROWS || reached || k === 64) return backwards ? rows.slice(-ROWS) : rows.slice(0, ROWS)
  }
  return []
}

export function DataTable({ lab, run, channels, onPlot }) {
  const [rows, setRows] = useState(null)
  const [failed, setFailed] = useState(null)
  const [from, setFrom] = useState(-601)
  const [back, setBack] = useState(false)
  const [go, setGo] = useState('')
  const [turn, setTurn] = useState(0)
  const box = useRef()
  const going = underWay(run)
  const elapsed = (run.elapsed_ms ?? 0) / 1000
  const most = Math.max(120, elapsed)
  const end = elapsed + (going ? 1 : 0.01) // behind the last sample, and not far: a page is looked for from here

  useEffect(() => {
    let wanted = true
    const first = from < -600 ? Math.min(0, lab.shown?.data.from ?? 0) : from
    readPage(run, first, back).then(
      (list) => {
        if (!wanted) return
        setFailed(null)
        setRows(list)
        if (list.length && turn) announce(t('lab.table.page', { from: number(list[0].t, 2), to: number(list[list.length - 1].t, 2) }))
      },
      (error) => wanted && setFailed(error),
    )
    return () => {
      wanted = false
    }
  }, [run.run, from, back, turn, lab.shown?.data.loaded])
  // of a run under way the page fills up
  useEffect(() => {
    if (!going || (rows && rows.length >= ROWS)) return undefined
    const timer = setInterval(() => setFrom((f) => f - 1e-9), REFRESH)
    return () => clearInterval(timer)
  }, [going, rows?.length])

  const move = (to, backwards = false) => {
    setFrom(to)
    setBack(backwards)
    setTurn(turn + 1)
  }
  const next = () => rows?.length && move(rows[rows.length - 1].t + 1e-7)
  const before = () => rows?.length && move(rows[0].t, true)
  const jump = (e) => {
    e.preventDefault()
    const to = typedNumber(go)
    if (!Number.isNaN(to)) move(to)
  }
  const key = (e) => {
    if (e.target !== box.current || e.ctrlKey || e.metaKey || e.altKey) return
    const does = { b: onPlot, PageDown: next, PageUp: before, Home: () => move(-601), End: () => move(end, true) }[e.key]
    if (!does) return
    e.preventDefault()
    does()
  }
  // who asked for the table by a key finds the keyboard in it
  useEffect(() => box.current?.focus({ preventScroll: true }), [])
  const caption = t('lab.table.caption', { name: label(run.label, run.experiment) })
  return html`<div class="lab-table">
    <form class="lab-table-tools" onSubmit=${jump}>
      <${Button} icon="up" onClick=${() => move(-601)}>${t('lab.table.first')}<//>
      <${Button} icon="left" disabled=${!rows?.length || rows[0].t <= (lab.shown?.data.from ?? 0)} onClick=${before}>${t('lab.table.before')}<//>
      <${Button} icon="right" disabled=${!rows || rows.length < ROWS} onClick=${next}>${t('lab.table.next')}<//>
      <${Button} icon="down" onClick=${() => move(end, true)}>${t('lab.table.last')}<//>
      <${TextField} label=${t('lab.table.go')} value=${go} inputmode="decimal" onInput=${setGo} class="lab-table-go" />
      <${Button} kind="quiet" icon="lab" class="lab-tool-end" onClick=${onPlot}>${t('lab.table.plot')}<//>
    </form>
    ${failed && html`<p class="lab-failed" role="alert">${reasonOf(failed)}</p>`}
    <div class="table-scroll lab-table-scroll" tabindex="0" role="region" aria-label=${caption} ref=${box} onKeyDown=${key}>
      <table class="table">
        <caption class="visually-hidden">${caption}</caption>
        <thead>
          <tr>
            <th scope="col" class="is-number">${t('lab.table.time')}</th>
            ${channels.map((c) => html`<th key=${c.channel} scope="col" class="is-number">${label(c.label, c.channel)}${unit(c.unit) && ` (${unit(c.unit)})`}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${(rows ?? []).map(
            (r) => html`<tr key=${r.t}>
              <th scope="row" class="is-number">${timeText(r.t, 0.001, Math.min(most, 119), number)}</th>
              ${r.values.map((v, i) => html`<td key=${i} class="is-number">${v === null || v === undefined ? (r.gap ? t('lab.table.gap') : '') : valueText(v, channels[i])}</td>`)}
            </tr>`,
          )}
          ${rows?.length === 0 && html`<tr><td colspan=${channels.length + 1} class="table-empty">${t('lab.table.none')}</td></tr>`}
        </tbody>
      </table>
    </div>
  </div>`
}
