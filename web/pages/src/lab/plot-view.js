// The plot as an element of the page: its tools, its keys, and what lies on it.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { cls, html } from '../lib/html.js'
import { onSetting } from '../lib/settings.js'
import { number, t } from '../lib/words.js'
import { Button } from '../ui/button.js'
import { Icon } from '../ui/icon.js'
import { Menu } from '../ui/menu.js'
import { announce } from '../ui/live.js'
import { keyAction } from './keys.js'
import { Plot } from './plot.js'
import * as views from './view.js'

const SHAPES = {
  pan: 'M12 3v18M3 12h18M9 6l3-3 3 3M9 18l3 3 3-3M6 9l-3 3 3 3M18 9l3 3-3 3',
  select: 'M4 4v16M20 4v16M8 12h8M10.500 9.500 8 12l2.500 2.500M13.500 9.500 16 12l-2.500 2.500',
}

function Tool({ icon, shape, label, pressed, onClick }) {
  return html`<button
    type="button"
    class="icon-button lab-tool"
    aria-label=${label}
    title=${label}
    aria-pressed=${pressed === undefined ? undefined : String(pressed)}
    onClick=${onClick}
  >
    ${icon
      ? html`<${Icon} name=${icon} />`
      : html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d=${SHAPES[shape]} /></svg>`}
  </button>`
}

const KEYS = ['pan', 'zoom', 'select', 'ends', 'follow', 'all', 'cursor', 'table', 'clear']

function Help() {
  return html`<${Menu} label=${t('lab.keys')} text="?" class="lab-help">
    <p><strong>${t('lab.keys')}</strong></p>
    <dl class="lab-keys">${KEYS.map((k) => html`<div key=${k}><dt><kbd>${t(`lab.key.${k}`)}</kbd></dt><dd>${t(`lab.key.${k}.does`)}</dd></div>`)}</dl>
    <p class="quiet">${t('lab.keys.touch')}</p>
  <//>`
}

// `what`: {curves, under, over, moments, filled, hints, live} for Plot.set; `plotRef` gets the Plot; `back` (a ref): take the focus.
export function PlotView({ lab, what, duration, runKey, plotRef, back, live, ready, onSelect, onStroke, onCursor, onTable, tool, setTool, sketchUnit, label, empty, when }) {
  const root = useRef()
  const box = useRef()
  const [edge, setEdge] = useState('')
  const handlers = useRef({})
  handlers.current = { onSelect, onStroke, onCursor, onTable }

  useEffect(() => {
    let cursorTimer = null
    const plot = new Plot(root.current, {
      view: (v) => setEdge(v.edge),
      select: (s, done) => handlers.current.onSelect(s, done),
      stroke: (point, begins) => handlers.current.onStroke?.(point, begins),
      action: (name) => name === 'table' && handlers.current.onTable(),
      cursor(at) {
        // the read-outs follow at a pace that can be read
        plot.at = at
        if (cursorTimer === null)
          cursorTimer = setTimeout(() => {
            cursorTimer = null
            handlers.current.onCursor(plot.at)
          }, 60)
      },
    })
    plotRef.current = plot
    const ends = [lab.onDraw(() => plot.later()), onSetting((key) => setTimeout(() => key && plot.repaint()))]
    return () => {
      clearTimeout(cursorTimer)
      ends.forEach((end) => end())
      plotRef.current = null
      plot.destroy()
    }
  }, [lab])

  useLayoutEffect(() => {
    if (back.current) box.current.focus({ preventScroll: true })
    back.current = false
  }, [])
  // another run: all of it, or its live edge
  useEffect(() => {
    const plot = plotRef.current
    plot.ranges.clear()
    plot.selection = null
    plot.view = views.begin(duration)
    if (!live && !ready) plot.view = { ...plot.view, edge: 'all', duration: 0 }
    setEdge(plot.view.edge)
  }, [runKey])
  // what has ended is as long as it is
  useEffect(() => {
    const plot = plotRef.current
    if (!live && !ready && plot.view.duration) plot.setView({ ...plot.view, duration: 0 })
  }, [live])
  useEffect(() => {
    plotRef.current.set({ ...what, live, ready, tool, sketching: sketchUnit ?? '' })
  })

  const act = (name, amount) => plotRef.current?.act(name, amount)
  const key = (e) => {
    if (e.target !== box.current) return
    const action = keyAction(e)
    if (!action) return
    e.preventDefault()
    act(...action)
    const s = views.ordered(plotRef.current?.selection)
    if (action[0] === 'select' && s) announce(t('lab.selected', { from: number(s[0], 2), to: number(s[1], 2) }))
  }
  return html`<div class="lab-plot-area">
    <div class="lab-tools" role="toolbar" aria-label=${t('lab.tools')}>
      <div class="lab-tool-group">
        <${Tool} shape="pan" label=${t('lab.tool.pan')} pressed=${tool === 'pan'} onClick=${() => setTool('pan')} />
        <${Tool} shape="select" label=${t('lab.tool.select')} pressed=${tool === 'select'} onClick=${() => setTool('select')} />
      </div>
      <div class="lab-tool-group">
        <${Tool} icon="plus" label=${t('lab.tool.in')} onClick=${() => act('zoom', 1.5)} />
        <${Tool} icon="minus" label=${t('lab.tool.out')} onClick=${() => act('zoom', 1 / 1.5)} />
        <${Button} kind="quiet" pressed=${edge === 'all'} onClick=${() => act('all')}>${t('lab.tool.all')}<//>
        ${live && html`<${Button} kind="quiet" icon="play" pressed=${edge === 'span'} onClick=${() => act('follow')}>${t('lab.tool.follow')}<//>`}
      </div>
      <p class="lab-when figure">${when}</p>
      <div class="lab-tool-group lab-tool-end">
        <${Button} kind="quiet" icon="table" onClick=${onTable}>${t('lab.tool.table')}<//>
        <${Help} />
      </div>
    </div>
    <div class=${cls('lab-plot', `tool-${tool}`)} ref=${box} tabindex="0" role="application" aria-roledescription=${t('lab.plot.role')} aria-label=${label} onKeyDown=${key}>
      <div class="lab-canvas" ref=${root}></div>
      ${empty && html`<p class="lab-plot-empty">${empty}</p>`}
    </div>
  </div>`
}
