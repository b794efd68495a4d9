// Taking a run home: the format, the first lines of what it will be, the file.
import { useEffect, useState } from 'preact/hooks'
import { html, cls } from '../lib/html.js'
import { call } from '../lib/socket.js'
import { getRoom } from '../lib/store.js'
import { language } from '../lib/settings.js'
import { date, label, t, time } from '../lib/words.js'
import { Button } from '../ui/button.js'
import { Choice, Select } from '../ui/fields.js'
import { Dialog } from '../ui/dialog.js'
import { Icon } from '../ui/icon.js'
import { sizeText } from './start.js'
import { reasonOf } from './use-lab.js'
import { preview } from './preview.js'

const WAIT = 300_000 // ms: a run of days takes minutes
const SECONDS = 20 // of the run, in the preview
const FORMATS = ['csv-vi', 'csv', 'xlsx', 'hdf5']

export const fileUrl = (room, file, name) => `/r/${encodeURIComponent(room)}/file/${encodeURIComponent(file)}?name=${encodeURIComponent(name)}`

// The browser's own way to keep a file.
function download(url, name) {
  const a = document.createElement('a')
  a.href = url
  a.download = name
  document.body.append(a)
  a.click()
  a.remove()
}

function Preview({ run, format, shape }) {
  const [state, setState] = useState({})
  useEffect(() => {
    let wanted = true
    setState({})
    const text = format === 'csv-vi' ? 'csv-vi' : 'csv'
    const read = async () => {
      const made = await call('run.export', { run: run.run, format: text, shape, to: SECONDS, keep: true, lang: language() }, { timeout: WAIT })
      const answer = await call('run.fetch', { file: made.file })
      return preview(answer.data, text === 'csv-vi' ? ';' : ',')
    }
    read().then(
      (p) => wanted && setState({ p }),
      (error) => wanted && setState({ error }),
    )
    return () => {
      wanted = false
    }
  }, [run.run, format, shape])
  if (state.error) return html`<p class="lab-failed" role="alert"><${Icon} name="alert" />${reasonOf(state.error)}</p>`
  if (!state.p) return html`<p class="quiet" role="status">${t('lab.export.reading')}</p>`
  const { notes, head, rows } = state.p
  return html`<div class="lab-preview" tabindex="0" role="region" aria-label=${t('lab.export.preview')}>
    <pre>${notes.join('\n')}${'\n…'}</pre>
    <table class="table">
      <thead><tr>${head.map((h, i) => html`<th key=${i} scope="col">${h}</th>`)}</tr></thead>
      <tbody>${rows.map((r, i) => html`<tr key=${i}>${r.map((c, k) => html`<td key=${k}>${c}</td>`)}</tr>`)}</tbody>
    </table>
  </div>`
}

export function Export({ lab, run, onClose }) {
  const [format, setFormat] = useState(language() === 'vi' ? 'csv-vi' : 'csv')
  const [shape, setShape] = useState('nearest')
  const [state, setState] = useState({})
  const save = async () => {
    setState({ busy: true })
    try {
      const made = await call('run.export', { run: run.run, format, shape, lang: language() }, { timeout: WAIT })
      setState({ made })
      download(fileUrl(getRoom().name, made.file, made.name), made.name)
      lab.listRuns()
    } catch (error) {
      setState({ error })
    }
  }
  return html`<${Dialog}
    wide
    title=${t('lab.export.title')}
    onClose=${onClose}
    actions=${html`<${Button} onClick=${onClose}>${t('common.close')}<//>
      <${Button} kind="primary" icon="download" busy=${state.busy} onClick=${save}>${t('lab.export.save')}<//>`}
  >
    <p class="quiet">${label(run.label, run.experiment)}, ${time(run.start)} ${date(run.start)}</p>
    <${Choice} label=${t('lab.export.format')} value=${format} options=${FORMATS.map((f) => ({ value: f, label: t(`lab.format.${f}`) }))} onSet=${setFormat} />
    <p class="quiet">${t(`lab.export.${format}`)}</p>
    <${Select} label=${t('lab.export.shape')} value=${shape} options=${['nearest', 'linear', 'long'].map((s) => ({ value: s, label: t(`lab.shape.${s}`) }))} onSet=${setShape} />
    <h3>${t('lab.export.preview')}</h3>
    ${['xlsx', 'hdf5'].includes(format) && html`<p class="quiet">${t('lab.export.preview.binary')}</p>`}
    <${Preview} run=${run} format=${format} shape=${shape} />
    ${state.error && html`<p class="lab-failed" role="alert"><${Icon} name="alert" />${reasonOf(state.error)}</p>`}
    ${state.made &&
    html`<p class=${cls('lab-ready')} role="status"><${Icon} name="check" />
      <span>${t('lab.export.done', { name: state.made.name, size: sizeText(state.made.bytes) })}${' '}
      <a href=${fileUrl(getRoom().name, state.made.file, state.made.name)} download=${state.made.name}>${t('lab.export.again')}</a></span>
    </p>`}
  <//>`
}
