// Vietnamese order and search. No element of a page and no state, so that node can test it.

const collators = new Map()

// Compares two texts in the order of a Vietnamese dictionary, numbers by value: sort with it.
export function compare(a, b, language = 'vi') {
  let c = collators.get(language)
  if (!c) collators.set(language, (c = new Intl.Collator(language, { numeric: true, sensitivity: 'variant' })))
  return c.compare(a, b)
}

// "Màn chiếu Đa năng" → "man chieu da nang"
export function fold(text) {
  return text
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[đĐ]/g, 'd')
    .toLowerCase()
}

// Whether each word of the query is in the text. A word typed without marks finds every way to mark it; one with marks finds
// only itself: "may" finds "máy" and "mây", "máy" does not find "mây".
export function matches(text, query) {
  const exact = text.normalize('NFC').toLowerCase()
  const folded = fold(text)
  return query
    .normalize('NFC')
    .toLowerCase()
    .split(/\s+/)
    .filter(Boolean)
    .every((word) => (fold(word) === word ? folded.includes(word) : exact.includes(word)))
}
