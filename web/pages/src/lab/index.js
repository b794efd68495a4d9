// The lab page: experiments on the left, the plot in the middle, what belongs to the run on the right.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { html, cls } from '../lib/html.js'
import { mayCall } from '../lib/room.js'
import { useRoom } from '../lib/store.js'
import { t, useLanguage } from '../lib/words.js'
import { Icon } from '../ui/icon.js'
import { Button } from '../ui/button.js'
import { ExperimentList } from './experiments.js'
import { Make } from './make.js'
import { Middle } from './middle.js'
import { Side } from './side.js'
import { reasonOf, useLab } from './use-lab.js'

// Beside the plot the side may stay open where there is room for both; below it, on small screens, it always does.
const WIDE = matchMedia('(max-width: 1239px), (min-width: 1600px)').matches

const NOTHING = { selection: null, hidden: new Set(), table: false, fit: null, tangent: null, filled: null, focus: null }

export default function Page({ room }) {
  useLanguage()
  const lab = useLab(room)
  const [live, ever] = useRoom((r) => [r.live, r.describe !== null])
  const may = useRoom((r) => ['experiment.start', 'experiment.create', 'run.delete', 'run.export'].filter((m) => mayCall(r, m)).join(' '))
  const allowed = useMemo(() => new Set(may.split(' ')), [may])
  const [making, setMaking] = useState(false)
  const [side, setSide] = useState(WIDE)
  const [look, setLook] = useState(NOTHING)
  const shown = lab?.shown?.run
  const chosen = lab?.chosen
  useEffect(() => setLook((l) => ({ ...NOTHING, table: l.table })), [shown, chosen])
  const selected = look.selection !== null
  // who selects wants to know something of it
  useEffect(() => {
    if (selected) setSide(true)
  }, [selected])
  // who folds or unfolds it goes on from there; when it comes by itself the focus stays where it is
  const asked = useRef(false)
  const fold = (open) => {
    asked.current = true
    setSide(open)
  }
  useLayoutEffect(() => {
    if (asked.current) document.querySelector(side ? '.lab-side [role="tab"][aria-selected="true"]' : '.lab-unfold')?.focus()
    asked.current = false
  }, [side])
  const change = (part) => setLook((l) => ({ ...l, ...(typeof part === 'function' ? part(l) : part) }))

  if (!lab || (!lab.experiments && !lab.failed)) return html`<p class="lab-wait" role="status">${t('common.loading')}</p>`
  if (!lab.experiments)
    return html`<div class="lab-wait" role="alert">
      <p>${reasonOf(lab.failed)}</p>
      <${Button} onClick=${() => lab.refresh()}>${t('common.retry')}<//>
    </div>`
  return html`<div class=${cls('lab', !side && 'lab-folded', ever && !live && 'is-old')}>
    <h1 class="visually-hidden">${t('lab.title')}</h1>
    <${ExperimentList} lab=${lab} may=${allowed} onMake=${() => setMaking(true)} />
    ${lab.experiments.length === 0
      ? html`<section class="lab-middle lab-none">
          <${Icon} name="lab" size="large" />
          <p>${t('lab.none')}</p>
          ${allowed.has('experiment.create') && html`<${Button} kind="primary" icon="plus" onClick=${() => setMaking(true)}>${t('lab.make')}<//>`}
        </section>`
      : html`<${Middle} lab=${lab} may=${allowed} look=${look} change=${change} side=${side} onUnfold=${() => fold(true)} />`}
    ${side && lab.experiments.length > 0 && html`<${Side} lab=${lab} may=${allowed} look=${look} change=${change} onFold=${() => fold(false)} />`}
    ${making && html`<${Make} lab=${lab} onClose=${() => setMaking(false)} />`}
  </div>`
}
