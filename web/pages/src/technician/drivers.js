// What the drivers take: for whoever writes a profile or a room file.
import { html } from '../lib/html.js'
import { t } from '../lib/words.js'
import { Table } from '../ui/table.js'
import { useAnswer } from './use-answer.js'

const COLUMNS = ['option', 'type', 'default', 'choices', 'help']

export function Drivers() {
  const { value, error } = useAnswer('driver.list')
  if (!value) return html`<p class="quiet" role=${error ? 'alert' : undefined}>${error || t('common.loading')}</p>`
  const cell = (o, id) => (id === 'option' ? html`<code>${o.name}</code>` : (o[id] ?? '–'))
  return html`<div class="tech-stack">${value.drivers.map((d) => html`<details key=${d.name} class="fold tech-driver">
    <summary><strong>${d.name}</strong> <span class="quiet">${d.summary} · ${d.lines}</span></summary>
    <${Table} caption=${t('technician.options.of', { driver: d.name })} columns=${COLUMNS.map((id) => ({ id, label: t(`technician.column.${id}`) }))} rows=${d.options ?? []} rowKey=${(o) => o.name} cell=${cell} empty=${t('technician.nothing')} />
  </details>`)}</div>`
}
