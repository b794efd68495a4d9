// What things of the room are called, in the reader's language.
import { getRoom } from './store.js'
import { has, label, t } from './words.js'

export function deviceName(name) {
  const room = getRoom()
  return label(room.devices[name]?.label ?? room.list.find((d) => d.name === name)?.label, name)
}

export function sceneName(name) {
  if (name === 'undo') return t('scene.undo')
  return label(getRoom().scenes.find((s) => s.name === name)?.label, name)
}

// Why the timetable did something else than planned: {code, about, reason} of docs/protocol.md, section 11. A code that is newer than
// the page is told in the room's own words. `title` is what the room said, for who looks closer.
export function timetableWhy({ code, about = '', reason = '' }) {
  const key = `time.why.${code}`
  const experiment = code === 'recording' && [...getRoom().recordings.values()].find((r) => r.experiment === about)
  return has(key) ? { text: t(key, { about: experiment ? label(experiment.label, about) : about }), title: reason } : { text: reason, title: '' }
}
