// The right side, foldable: the runs, what can be computed of the selection, marks and notes.
import { useEffect, useState } from 'preact/hooks'
import { html } from '../lib/html.js'
import { t } from '../lib/words.js'
import { IconButton } from '../ui/button.js'
import { Tabs } from '../ui/tabs.js'
import { Analysis } from './analysis.js'
import { Details } from './details.js'
import { RunList } from './runs.js'

export function Side({ lab, may, look, change, onFold }) {
  const [tab, setTab] = useState('runs')
  const selected = look.selection !== null
  // who selects wants to know something of it
  useEffect(() => {
    if (selected) setTab('analysis')
  }, [selected])
  const tabs = [
    { id: 'runs', label: t('lab.tab.runs') },
    { id: 'analysis', label: t('lab.tab.analysis') },
    { id: 'details', label: t('lab.tab.details') },
  ]
  return html`<aside class="lab-side" aria-label=${t('lab.side')}>
    <${IconButton} icon="right" label=${t('lab.side.fold')} class="lab-fold" onClick=${onFold} />
    <${Tabs} label=${t('lab.side')} tabs=${tabs} selected=${tab} onSelect=${setTab}>
      ${tab === 'runs' && html`<${RunList} lab=${lab} may=${may} />`}
      ${tab === 'analysis' && html`<${Analysis} lab=${lab} look=${look} change=${change} />`}
      ${tab === 'details' && html`<${Details} lab=${lab} />`}
    <//>
  </aside>`
}
