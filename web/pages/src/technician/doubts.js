// What has no value because the device is off (`when` of its profile) is as it should be; the daemon says so in the reason.
const NOT_NOW = /^cannot be asked while/
export const isDoubt = (point) => point.quality !== 'good' && !NOT_NOW.test(point.reason ?? '')

// How many points are not good, so that a folded row hides nothing that is wrong.
export function doubts(device) {
  return Object.values(device?.points ?? {}).filter(isDoubt).length
}
