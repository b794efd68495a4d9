// What a run of a scene tells: how far it is, how long it will take, what fell short, what undo puts back. Pure; times in ms since
// 1970 unless they end in _us.

export const UNDO_MS = 120_000 // as the room has it

const GOOD = new Set(['confirmed', 'already', 'accepted'])
const GOING = new Set(['queued', 'checking', 'sending', 'waiting'])
const SHORT = new Set(['timeout', 'refused', 'away', 'skipped', 'overridden', 'cancelled'])

export const succeeded = (step) => GOOD.has(step.state)
export const going = (step) => GOING.has(step.state)
export const fellShort = (step) => SHORT.has(step.state)
export const running = (run) => run.state === 'running'

// What is left of a time that was told at `at`.
export function left(remaining, at, now) {
  return remaining === undefined ? null : Math.max(0, remaining - (now - at))
}

// {part: 0..1 or null when nobody knows, left: ms or null}
export function progress(run, now) {
  if (!running(run)) return { part: 1, left: 0 }
  const rest = left(run.remaining_ms, run.at, now)
  if (rest === null || !run.expected_ms) return { part: null, left: null }
  return { part: Math.min(1, Math.max(0, 1 - rest / run.expected_ms)), left: rest }
}

// The step that everybody waits for: the one under way that takes longest.
export function longest(run, now) {
  let best = null
  let most = -1
  for (const step of run.steps) {
    if (!going(step) || step.state === 'queued') continue
    const rest = left(step.remaining_ms, run.at, now) ?? 0
    if (rest > most) [best, most] = [step, rest]
  }
  return best
}

// Names of devices whose steps fell short, each once, in the order of the steps.
export function shortDevices(run) {
  return [...new Set(run.steps.filter(fellShort).map((s) => s.target.split('.')[0]))]
}

// Names of devices with steps still under way.
export function goingDevices(run) {
  return [...new Set(run.steps.filter(going).map((s) => s.target.split('.')[0]))]
}

// A scene that gets a room ready to teach in, not one that ends a day.
export function opensRoom(run) {
  return run.steps.some((s) => s.target.endsWith('.power') && (s.value === 'on' || s.value === true))
}

// When it ended, by the room's own count, so that a page opened later offers no longer than the room does. `clock`: what our clock is
// behind the room's.
export function endedAt(run, clock = 0) {
  return run.ms === undefined ? run.ended : run.started / 1000 + run.ms - clock
}

// How long undo is still offered; 0: not any more.
export function undoLeft(run, now, clock = 0) {
  if (running(run) || run.undoes || run.scene === 'undo') return 0
  return Math.max(0, UNDO_MS - Math.max(0, now - endedAt(run, clock)))
}

// [{target, value}]: what undo will put back: what each point was before the first step that touched it.
export function restores(run) {
  const seen = new Set()
  const taken = new Set(run.steps.filter((s) => s.state === 'overridden').map((s) => s.target))
  const out = []
  for (const step of run.steps) {
    if (seen.has(step.target) || taken.has(step.target) || step.before === undefined) continue
    seen.add(step.target)
    out.push({ target: step.target, value: step.before })
  }
  return out
}

// Of the other runs, what this one took over and sets otherwise: [{run, targets}]
export function takenOver(run, runs) {
  const out = []
  for (const other of runs) {
    if (other.run === run.run || other.started > run.started) continue
    const targets = other.steps
      .filter((s) => s.state === 'overridden' && run.steps.some((mine) => mine.target === s.target && mine.value !== s.value))
      .map((s) => s.target)
    if (targets.length > 0 && (running(other) || endedAt(other) >= run.started / 1000 - 1000)) out.push({ run: other, targets })
  }
  return out
}

// The runs that the page shows: all under way, and of the others the one begun last, while it can be undone and nobody has closed it;
// newest first.
export function shown(runs, now, clock = 0, dismissed = new Set()) {
  const under = runs.filter(running)
  const ended = runs
    .filter((r) => !running(r))
    .sort((a, b) => b.started - a.started)
    .slice(0, 1)
    .filter((r) => !dismissed.has(r.run) && now - endedAt(r, clock) < UNDO_MS)
  return [...under, ...ended].sort((a, b) => b.started - a.started)
}
