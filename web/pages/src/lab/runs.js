// The runs of the room: look for one, show it, lay it over the one that is shown, take it home, delete it.
import { useState } from 'preact/hooks'
import { html, cls } from '../lib/html.js'
import { date, label, number, search, t, time } from '../lib/words.js'
import { Button, IconButton } from '../ui/button.js'
import { Dialog } from '../ui/dialog.js'
import { TextField } from '../ui/fields.js'
import { toast } from '../ui/live.js'
import { Export } from './export.js'
import { underWay } from './model.js'
import { StateChip } from './running.js'
import { sizeText } from './start.js'
import { reasonOf } from './use-lab.js'

const FIRST = 40 // runs that are listed until somebody asks for more

export const textOf = (r) => `${r.label?.vi ?? ''} ${r.label?.en ?? ''} ${r.operator ?? ''} ${date(r.start)} ${time(r.start)} ${r.run}`

function Delete({ lab, run, onClose }) {
  const [busy, setBusy] = useState(false)
  const remove = async () => {
    setBusy(true)
    try {
      await lab.remove(run.run, !run.exported)
      onClose()
    } catch (error) {
      setBusy(false)
      toast(reasonOf(error), { kind: 'fault', detail: error.message })
    }
  }
  return html`<${Dialog}
    title=${t('lab.run.delete.title')}
    onClose=${onClose}
    actions=${html`<${Button} onClick=${onClose}>${t('common.cancel')}<//><${Button} kind="warn" busy=${busy} onClick=${remove}>${t('lab.delete')}<//>`}
  >
    <p><strong>${label(run.label, run.experiment)}</strong>, ${time(run.start)} ${date(run.start)}, ${t('lab.run.samples', { n: number(run.samples, 0) })}</p>
    <p>${t(run.exported ? 'lab.run.delete.exported' : 'lab.run.delete.only')}</p>
  <//>`
}

function Run({ lab, run, may, onDelete, onExport }) {
  const told = lab.told(run.run) ?? run
  const shown = lab.shown?.run === run.run
  const over = lab.compared.some((r) => r.run === run.run)
  const going = underWay(told)
  return html`<li class=${cls('lab-run', shown && 'is-chosen')}>
    <button type="button" class="lab-run-button" aria-pressed=${String(shown)} onClick=${() => lab.show(run.run)}>
      <span class="lab-run-title">${label(run.label, run.experiment)}</span>
      <span class="lab-run-line">${time(run.start)} ${date(run.start)}${run.operator ? ` · ${run.operator}` : ''}</span>
      <span class="lab-run-line quiet">
        <${StateChip} state=${told.state} /> ${t('lab.run.samples', { n: number(told.samples, 0) })}${told.lost > 0 ? ` · ${t('lab.run.lost', { n: number(told.lost, 0) })}` : ''}
      </span>
    </button>
    <div class="lab-run-actions">
      ${lab.shown && !shown && html`<${Button} kind="quiet" pressed=${over} disabled=${!over && lab.comparedFull} onClick=${() => lab.compare(run.run, !over)}>${t('lab.run.compare')}<//>`}
      ${!going && may.has('run.export') && html`<${IconButton} icon="download" label=${t('lab.run.export', { when: time(run.start) })} onClick=${onExport} />`}
      ${!going && may.has('run.delete') && html`<${IconButton} icon="close" label=${t('lab.run.delete', { when: time(run.start) })} onClick=${onDelete} />`}
    </div>
  </li>`
}

export function RunList({ lab, may }) {
  const [query, setQuery] = useState('')
  const [all, setAll] = useState(false)
  const [most, setMost] = useState(FIRST)
  const [deleting, setDeleting] = useState(null)
  const [exporting, setExporting] = useState(null)
  const runs = (lab.runs ?? []).filter((r) => (all || query || r.experiment === lab.chosen) && search(textOf(r), query))
  return html`<div class="lab-runs">
    <${TextField} label=${t('lab.runs.search')} value=${query} type="search" onInput=${(q) => (setQuery(q), setMost(FIRST))} />
    <label class="lab-check"><input type="checkbox" checked=${all} onChange=${(e) => setAll(e.currentTarget.checked)} /><span>${t('lab.runs.all')}</span></label>
    <ul>
      ${runs.slice(0, most).map(
        (r) => html`<${Run} key=${r.run} lab=${lab} run=${r} may=${may} onDelete=${() => setDeleting(r)} onExport=${() => setExporting(r)} />`,
      )}
    </ul>
    ${runs.length === 0 && html`<p class="quiet lab-hint" role="status">${t(query ? 'lab.notfound' : 'lab.runs.none')}</p>`}
    ${runs.length > most && html`<${Button} wide onClick=${() => setMost(most + FIRST)}>${t('lab.runs.more', { n: runs.length - most })}<//>`}
    ${lab.space?.budget > 0 && html`<p class="quiet lab-space">${t('lab.space', { used: sizeText(lab.space.bytes), of: sizeText(lab.space.budget) })}</p>`}
    ${deleting && html`<${Delete} lab=${lab} run=${deleting} onClose=${() => setDeleting(null)} />`}
    ${exporting && html`<${Export} lab=${lab} run=${exporting} onClose=${() => setExporting(null)} />`}
  </div>`
}
