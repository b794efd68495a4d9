// An entry of the journal as a sentence. Pure but for the catalogue, so that node can test it.

const get = (data, ...keys) => keys.map((k) => data?.[k]).find((x) => x !== undefined && x !== null)
const plain = (x) => (x === undefined || x === null ? '' : typeof x === 'object' ? JSON.stringify(x) : String(x))

// Words of the wire among the params, and under which keys of the catalogue they stand.
const WORDS = { outcome: 'word', verdict: 'word', what: 'word', state: 'word', from: 'word', to: 'word', method: 'method' }

// {key, params, words}: the text of the catalogue, what is put in, and which of that are words of the wire; key null when only the data
// can be shown.
export function sentence(entry) {
  const { kind, device = '', name = '', data = {} } = entry
  const reason = plain(data.reason)
  const says = (key, params, words = []) => ({ key: `technician.entry.${key}`, params, words })
  switch (kind) {
    case 'command': {
      const what = [get(data, 'target', 'scene', 'experiment', 'alarm'), plain(data.value)].filter(Boolean).join(' = ')
      return says('command', { method: data.method ?? name, what, outcome: plain(data.outcome), reason }, ['method', 'outcome'])
    }
    case 'state':
      return says('state', { target: [device, name].filter(Boolean).join('.'), from: plain(data.from), to: plain(data.to), reason }, ['from', 'to'])
    case 'scene':
      return says(data.what === 'ended' ? 'scene.ended' : 'scene.started', { scene: name, verdict: plain(data.verdict) }, ['verdict'])
    case 'step':
      return says('step', { step: plain(data.step) || name, verdict: plain(data.verdict), reason }, ['verdict'])
    case 'alarm':
      return says(`alarm.${data.what}`, { alarm: name, note: plain(get(data, 'note', 'value')) })
    case 'login':
      return says(`login.${data.what}`, { person: plain(get(data, 'person') ?? name), address: plain(data.address) })
    case 'help':
      return says('help', { device, text: plain(data.text) })
    case 'event':
      return says('event', { device, event: name })
    case 'run':
      return says('run', { run: plain(data.run), what: plain(data.what), state: plain(data.state) }, ['what', 'state'])
    case 'timetable':
      return says(name === 'closing' ? 'closing' : 'period', { text: plain(data.text), what: plain(data.what) }, ['what'])
    case 'config':
      return says(data.outcome === 'refused' ? 'config.refused' : 'config.taken', { mistakes: [data.mistakes ?? []].flat().join('; ') })
    case 'clock':
      return says('clock', { from: data.from, to: data.to })
    case 'limit':
      return says('limit', { limit: name, device })
    case 'journal':
      return says('journal', { reason })
    case 'start':
    case 'stop':
      return says(kind, {})
    default:
      return { key: null, params: {}, words: [] }
  }
}

// The sentence in the reader's language. look: {has, t, dateTime, scene(name), why(data)}; a word that is newer than the page stays as it is.
export function entryText(entry, { has, t, dateTime, scene, why }) {
  const { key, params, words } = sentence(entry)
  if (!key || !has(key)) return dataText(entry.data) || entry.name || ''
  const said = { ...params }
  for (const name of words) {
    const word = `technician.${WORDS[name]}.${params[name]}`
    if (has(word)) said[name] = t(word)
  }
  if (entry.kind === 'scene') said.scene = scene(params.scene)
  if (entry.kind === 'clock') for (const name of ['from', 'to']) said[name] = dateTime(params[name], true)
  const more = entry.kind === 'timetable' ? why(entry.data) : said.reason // of a device, in its own words
  return [t(key, said).replace(/\s+/g, ' ').replace(/[:, ]+$/, ''), more].filter(Boolean).join(' · ')
}

export function dataText(data) {
  return Object.entries(data ?? {}).map(([k, v]) => `${k}: ${plain(v)}`).join(', ')
}

// Who did it: of a sign-in the person, not the gateway that tells it.
export const personOf = (entry) => (entry.kind === 'login' ? entry.data?.person : entry.principal) ?? ''

// Whether the entry is what the filters ask for: texts, "" for any; from and to in microseconds, 0 for any.
export function wanted(entry, { kind, device, person, from, to }, matches) {
  return (
    (!kind || entry.kind === kind) &&
    (!device || entry.device === device) &&
    (!person || matches(personOf(entry), person)) &&
    (!from || entry.time >= from) &&
    (!to || entry.time < to)
  )
}
