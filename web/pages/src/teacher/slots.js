// Where each class of device stands on the page: the same place in every room, whatever is there. Pure.

// In the order of the page, four to a row on a wide one.
export const SLOTS = [
  { id: 'projector', classes: ['projector'] },
  { id: 'board', classes: ['board'] },
  { id: 'audio', classes: ['audio'] },
  { id: 'light', classes: ['light', 'screen'] },
  { id: 'display', classes: ['display'] },
  { id: 'camera', classes: ['camera'] },
  { id: 'air', classes: ['sensor', 'meter'] },
  { id: 'other', classes: [] }, // all other classes
]

// Whose absence is worth a quiet gap; the second row is left out when the room has none of it.
export const FIRST_ROW = 4

// [{id, devices: [names]}] for device.list, in its order.
export function arrange(list) {
  const slots = SLOTS.map((s) => ({ id: s.id, devices: [] }))
  for (const { name, class: kind } of list) {
    let i = SLOTS.findIndex((s) => s.classes.includes(kind))
    if (i < 0) i = SLOTS.length - 1
    slots[i].devices.push(name)
  }
  // lights before screens, whatever the room file says first
  for (const [i, slot] of slots.entries()) {
    const order = SLOTS[i].classes
    const kindOf = (name) => order.indexOf(list.find((d) => d.name === name).class)
    slot.devices.sort((a, b) => kindOf(a) - kindOf(b))
  }
  const second = slots.slice(FIRST_ROW).some((s) => s.devices.length > 0)
  return second ? slots : slots.slice(0, FIRST_ROW)
}
