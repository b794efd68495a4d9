// What is said about an experiment before it starts: the real rate of each channel, how long, how large, what is missing.

const BYTES = 3 // of a sample in the run file, about (bench/record.c measures 2.2 to 3)
const LONG = 'derived'

// Samples per second of a channel; 0: as it comes. A derived one follows what it is computed from.
export function rate(channel) {
  const hz = channel.rate_hz || 0
  return channel.fastest_hz && hz > channel.fastest_hz ? channel.fastest_hz : hz
}

export function byEvent(experiment) {
  return Boolean(experiment.sample) || !experiment.channels.some((c) => c.kind === 'point' || c.kind === 'count')
}

// {hz: all channels together, duration_ms, samples, bytes}; samples and bytes are NaN when nothing says how long.
export function plan(experiment) {
  const event = byEvent(experiment)
  const measured = experiment.channels.filter((c) => c.kind !== 'manual')
  const hz = event ? 0 : measured.reduce((n, c) => n + rate(c), 0)
  const known = !event && measured.some((c) => rate(c) > 0)
  const duration_ms = experiment.duration_ms || 0
  const samples = known && duration_ms ? Math.round((hz * (duration_ms + (experiment.pre_ms || 0))) / 1000) : NaN
  const repeat = experiment.repeat || 1
  return { hz, event, duration_ms, repeat, samples: samples * repeat, bytes: samples * BYTES * repeat }
}

// Rates to be shown, each once: [{hz, channels: [label]}], the fastest first.
export function rates(experiment) {
  const by = new Map()
  for (const c of experiment.channels) {
    if (c.kind === LONG || c.kind === 'manual') continue
    const hz = rate(c)
    by.set(hz, [...(by.get(hz) || []), c])
  }
  return [...by].sort((a, b) => b[0] - a[0]).map(([hz, channels]) => ({ hz, channels }))
}

export function deviceOf(channel) {
  return channel.target ? channel.target.slice(0, channel.target.indexOf('.')) : ''
}

// The sensors of the experiment: [{device, channels, status, reason, remedy}], each once.
export function sensors(experiment, devices) {
  const by = new Map()
  for (const c of experiment.channels) {
    const device = deviceOf(c)
    if (!device) continue
    const d = devices[device] || {}
    const row = by.get(device) || { device, channels: [], status: d.status, reason: d.reason, remedy: d.remedy }
    row.channels.push(c.channel)
    by.set(device, row)
  }
  return [...by.values()]
}

export function missing(experiment, devices) {
  return sensors(experiment, devices).filter((s) => s.status !== 'online')
}

// Fields that still stop a start: [field name].
export function unanswered(experiment, answers) {
  return (experiment.fields || []).filter((f) => f.required && !(answers[f.field] || '').trim()).map((f) => f.field)
}

// What is sent: only what was asked and answered.
export function metadata(experiment, answers) {
  const out = {}
  for (const f of experiment.fields || []) {
    const text = (answers[f.field] || '').trim()
    if (text) out[f.field] = text
  }
  return out
}

// "12,5" or "-3.2e4" as a number; NaN of anything else. A thousands separator is refused, it could mean either.
export function typedNumber(text) {
  const s = String(text)
    .trim()
    .replace(/^\u2212/, '-')
    .replace(',', '.')
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(s) ? Number(s) : NaN
}
