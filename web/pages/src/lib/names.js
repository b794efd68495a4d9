// What things of the room are called, in the reader's language.
import { getRoom } from './store.js'
import { label } from './words.js'

export function deviceName(name) {
  const room = getRoom()
  return label(room.devices[name]?.label ?? room.list.find((d) => d.name === name)?.label, name)
}
