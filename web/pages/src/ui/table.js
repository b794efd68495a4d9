// A table that scrolls by itself when it is wider than the page, reachable by keyboard. columns: [{id, label, number}];
// cell(row, column id) gives what stands there.
import { html, cls } from '../lib/html.js'

export function Table({ caption, columns, rows, rowKey, cell, showCaption, empty, class: extra }) {
  return html`<div class=${cls('table-scroll', extra)} tabindex="0" role="region" aria-label=${caption}>
    <table class="table">
      <caption class=${showCaption ? '' : 'visually-hidden'}>${caption}</caption>
      <thead>
        <tr>${columns.map((c) => html`<th key=${c.id} scope="col" class=${cls(c.number && 'is-number')}>${c.label}</th>`)}</tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) => html`<tr key=${rowKey(row)}>
            ${columns.map((c, i) =>
              i === 0 && c.head !== false
                ? html`<th key=${c.id} scope="row" class=${cls(c.number && 'is-number')}>${cell(row, c.id)}</th>`
                : html`<td key=${c.id} class=${cls(c.number && 'is-number')}>${cell(row, c.id)}</td>`,
            )}
          </tr>`,
        )}
        ${rows.length === 0 && empty && html`<tr><td colspan=${columns.length} class="table-empty">${empty}</td></tr>`}
      </tbody>
    </table>
  </div>`
}
