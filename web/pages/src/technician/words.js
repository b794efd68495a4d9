// Sentences of the technician page.
import { deviceName } from '../lib/names.js'
import { has, label, number, t, withUnit } from '../lib/words.js'

export { deviceName }

// A value as the wire has it, numbers in the reader's way: a technician compares it with a manual.
export function valueText(value, ucum) {
  if (value === null || value === undefined) return '–'
  if (typeof value === 'number') {
    return withUnit(number(value, Number.isInteger(value) ? undefined : Math.abs(value) >= 1000 ? 1 : 2), ucum)
  }
  if (typeof value === 'boolean') return t(value ? 'value.on' : 'value.off')
  return typeof value === 'string' ? value : JSON.stringify(value)
}

// What went wrong with a request, for somebody who can read the reason.
export function trouble(error) {
  const key = `error.${error.code}`
  const reason = error.data?.reason ?? (typeof error.code === 'number' ? error.message : '')
  return [t(has(key) ? key : 'error.other'), label(error.data?.remedy), reason].filter(Boolean).join(' ')
}

export const statusText = (status) => t(`technician.status.${status}`)
export const qualityText = (quality) => t(`technician.quality.${quality}`)
