// Names of people in Vietnamese order: by the given name, which stands last, then by the whole.
import { compare } from '../lib/collate.js'

const given = (name) => name.trim().split(/\s+/).pop()

export function sorted(people, language = 'vi') {
  const name = (p) => p.label || p.name
  return [...people].sort((a, b) => compare(given(name(a)), given(name(b)), language) || compare(name(a), name(b), language))
}

// "Nguyễn Thị Lan" → "NL"
export function initials(name) {
  const words = name.trim().split(/\s+/)
  const first = words[0]?.[0] ?? ''
  const last = words.length > 1 ? words[words.length - 1][0] : ''
  return (first + last).toLocaleUpperCase('vi')
}
