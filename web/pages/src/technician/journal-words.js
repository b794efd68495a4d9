// An entry of the journal as a sentence. Pure but for the catalogue, so that node can test it.

const get = (data, ...keys) => keys.map((k) => data?.[k]).find((x) => x !== undefined && x !== null)
const plain = (x) => (x === undefined || x === null ? '' : typeof x === 'object' ? JSON.stringify(x) : String(x))

// {key, params}: the text of the catalogue and what is put in; key null when only the data can be shown.
export function sentence(entry) {
  const { kind, device = '', name = '', data = {} } = entry
  const reason = plain(data.reason)
  switch (kind) {
    case 'command':
      return {
        key: 'technician.entry.command',
        params: { method: data.method ?? name, what: [get(data, 'target', 'scene', 'experiment', 'alarm'), plain(data.value)].filter(Boolean).join(' = '), outcome: plain(data.outcome), reason },
      }
    case 'state':
      return { key: 'technician.entry.state', params: { target: [device, name].filter(Boolean).join('.'), from: plain(data.from), to: plain(data.to), reason } }
    case 'scene':
      return { key: data.what === 'ended' ? 'technician.entry.scene.ended' : 'technician.entry.scene.started', params: { scene: name, verdict: plain(data.verdict) } }
    case 'step':
      return { key: 'technician.entry.step', params: { step: plain(data.step) || name, verdict: plain(data.verdict), reason } }
    case 'alarm':
      return { key: `technician.entry.alarm.${data.what}`, params: { alarm: name, note: plain(get(data, 'note', 'value')) } }
    case 'login':
      return { key: `technician.entry.login.${data.what}`, params: { person: plain(get(data, 'person') ?? name), address: plain(data.address) } }
    case 'help':
      return { key: 'technician.entry.help', params: { device, text: plain(data.text) } }
    case 'event':
      return { key: 'technician.entry.event', params: { device, event: name } }
    case 'run':
      return { key: 'technician.entry.run', params: { run: plain(data.run), what: plain(data.what), state: plain(data.state) } }
    case 'start':
    case 'stop':
      return { key: `technician.entry.${kind}`, params: {} }
    default:
      return { key: null, params: {} }
  }
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
