// Names of people in Vietnamese order: by the given name, which stands last, then by the whole. How somebody is addressed ("Cô",
// "Kỹ thuật viên") and what stands behind a name ("(Toán)") is no part of it.
import { compare } from '../lib/collate.js'

const TITLES = [
  'kỹ thuật viên', 'kĩ thuật viên', 'phó hiệu trưởng', 'phó giáo sư', 'hiệu trưởng', 'hiệu phó', 'tổ trưởng', 'giáo viên', 'giảng viên',
  'nhân viên', 'cán bộ', 'bảo vệ', 'kỹ sư', 'kĩ sư', 'cử nhân', 'thạc sĩ', 'thạc sỹ', 'tiến sĩ', 'tiến sỹ', 'giáo sư', 'cô giáo',
  'thầy giáo', 'cô', 'thầy', 'ông', 'bà', 'anh', 'chị', 'em', 'bác', 'chú', 'ktv', 'gv', 'ks', 'cn', 'ths', 'ts', 'pgs', 'gs',
  'technician', 'teacher', 'professor', 'prof', 'doctor', 'dr', 'mrs', 'miss', 'ms', 'mr',
].map((title) => title.split(' '))

// The words of the name itself. A name that is nothing but a title stays as it is.
function words(label) {
  const bare = (word) => word.toLocaleLowerCase('vi').replace(/\.$/, '')
  const all = (label.normalize('NFC').split(/[(,;/]|\s[-–—]\s/).find((part) => part.trim()) ?? label).replace(/\.(?=\S)/g, '. ').trim().split(/\s+/)
  let rest = all
  for (;;) {
    const title = TITLES.find((t) => t.length < rest.length && t.every((word, i) => word === bare(rest[i])))
    if (!title) return rest
    rest = rest.slice(title.length)
  }
}

const given = (name) => words(name).pop()

export function sorted(people, language = 'vi') {
  const name = (p) => words(p.label || p.name).join(' ')
  return [...people].sort((a, b) => compare(given(name(a)), given(name(b)), language) || compare(name(a), name(b), language))
}

// "Cô Nguyễn Thị Lan" → "NL": family and given name, which are first and last; "Cô Lan" → "L".
export function initials(label) {
  const name = words(label)
  const first = (word) => [...word].find((c) => /[\p{L}\p{N}]/u.test(c)) ?? ''
  return (name.length > 1 ? first(name[0]) + first(name[name.length - 1]) : first(name[0])).toLocaleUpperCase('vi')
}
