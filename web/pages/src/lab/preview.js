// The first lines of an exported table. Pure.
const NOTES = 5
const ROWS = 6

// One line of a table: cells in quotation marks may have separators and doubled marks.
export function cells(line, separator) {
  const out = []
  let cell = ''
  let quoted = false
  for (let i = 0; i < line.length; i++) {
    const c = line[i]
    if (quoted && c === '"' && line[i + 1] === '"') cell += line[++i]
    else if (c === '"') quoted = !quoted
    else if (c === separator && !quoted) {
      out.push(cell)
      cell = ''
    } else cell += c
  }
  return [...out, cell]
}

// From what run.fetch gives: {notes: lines, head, rows}.
export function preview(base64, separator) {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))
  const lines = new TextDecoder().decode(bytes).replace(/^\ufeff/, '').split(/\r?\n/)
  const notes = lines.filter((l) => l.replace(/^"/, '').startsWith('#')).slice(0, NOTES)
  const table = lines.filter((l) => l && !l.replace(/^"/, '').startsWith('#'))
  return {
    notes: notes.map((l) => cells(l, separator).join(' ').trim()),
    head: table.length ? cells(table[0], separator) : [],
    rows: table.slice(1, 1 + ROWS).map((l) => cells(l, separator)),
  }
}
