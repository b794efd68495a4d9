// A run of a scene: how long it still takes, its steps with their verdicts, when teaching may begin, what fell short; cancel while it
// runs and undo for two minutes after.
import { useEffect, useRef, useState } from 'preact/hooks'
import { html, cls } from '../lib/html.js'
import { mayCall, runsOf } from '../lib/room.js'
import { call } from '../lib/socket.js'
import { fetchMeta, getRoom, useRoom } from '../lib/store.js'
import { useNow } from '../lib/ticker.js'
import { duration, has, t } from '../lib/words.js'
import { Button, IconButton } from '../ui/button.js'
import { Icon } from '../ui/icon.js'
import { announce, toast } from '../ui/live.js'
import * as runs from './runs.js'
import { deviceName, doing, doingText, inSentence, listOf, sceneName, trouble, who } from './words.js'

const MARKS = { confirmed: 'check', already: 'check', accepted: 'check', queued: 'dots', checking: 'dots', sending: 'dots', waiting: 'clock' }

function Step({ step, run, now }) {
  const { device, what } = doing(step.target, step.value)
  const rest = runs.going(step) && step.state !== 'queued' ? runs.left(step.remaining_ms, run.at, now) : null
  const verdict = rest ? t('teacher.left', { time: duration(rest) }) : t(`teacher.step.${step.state}`)
  const kind = runs.succeeded(step) ? 'done' : runs.going(step) ? 'going' : 'short'
  return html`<li class=${cls('step', `is-${kind}`)} data-step=${step.name} data-state=${step.state}>
    <${Icon} name=${MARKS[step.state] ?? 'alert'} size="small" />
    <span class="step-what">${device}: ${what}</span>
    <span class="step-verdict figure">${verdict}</span>
  </li>`
}

// The sentence over a run, and its kind: going, ready, done, short, stopped.
function headline(run, now) {
  const scene = sceneName(run.scene)
  if (runs.running(run)) {
    if (run.ready) {
      const rest = listOf(runs.goingDevices(run))
      const title = t(runs.opensRoom(run) ? 'teacher.run.ready' : 'teacher.run.mostly')
      return { kind: 'ready', title, more: rest ? t('teacher.run.rest', { devices: rest }) : '' }
    }
    const { left } = runs.progress(run, now)
    const step = runs.longest(run, now)
    return {
      kind: 'going',
      title:
        left === null
          ? t('teacher.run.unknown', { scene })
          : left < 1000
            ? t('teacher.run.soon', { scene })
            : t('teacher.run.left', { scene, time: duration(left) }),
      more: step ? t('teacher.run.waits', { what: doingText(step.target, step.value) }) : '',
    }
  }
  const took = run.ms ? t('teacher.run.took', { time: duration(run.ms) }) : ''
  const missed = listOf(runs.shortDevices(run))
  switch (run.state) {
    case 'done':
      return { kind: 'done', title: t('teacher.run.done', { scene }), more: took }
    case 'partly':
      return { kind: 'short', title: t('teacher.run.partly', { scene, devices: missed }), more: took }
    case 'cancelled':
      return { kind: 'stopped', title: t('teacher.run.cancelled', { scene }), more: '' }
    case 'interrupted':
      return { kind: 'stopped', title: t('teacher.run.interrupted', { scene }), more: '' }
    default:
      return { kind: 'short', title: t('teacher.run.failed', { scene }), more: missed ? t('teacher.run.missed', { devices: missed }) : '' }
  }
}

// "máy chiếu không dừng được khi đang khởi động"
function unstoppable(run, name) {
  const step = run.steps.find((s) => s.name === name)
  const device = inSentence(deviceName(step?.target.split('.')[0] ?? name))
  const key = `teacher.run.unstoppable.${step?.target.endsWith('.power') ? step.value : 'other'}`
  return t(has(key) ? key : 'teacher.run.unstoppable.other', { device })
}

// Said aloud when it changes, not with each second.
function useAnnouncements(run) {
  const was = useRef(null)
  useEffect(() => {
    const key = `${run.state}.${run.ready}`
    if (was.current !== null && was.current !== key) {
      const { title, more } = headline(run, Date.now())
      announce(`${title}. ${more}`)
    }
    was.current = key
  })
}

function Undo({ run, left }) {
  const [busy, setBusy] = useState(false)
  const list = runs.restores(run).map(({ target, value }) => doingText(target, value))
  const undo = async () => {
    setBusy(true)
    try {
      await call('scene.undo', { run: run.run })
    } catch (error) {
      const { text, code } = trouble(error)
      toast(error.code === -32006 || error.code === -32001 ? t('teacher.undo.nothing') : text, { kind: 'fault', detail: code })
      setBusy(false)
    }
  }
  if (list.length === 0 && run.steps.some((s) => 'before' in s)) return null
  return html`<div class="undo">
    <${Button} icon="undo" busy=${busy} disabled=${!getRoom().live} onClick=${undo}>${t('teacher.undo')}<//>
    <p class="undo-what">
      ${list.length > 0 ? t('teacher.undo.what', { list: list.join(', ') }) : t('teacher.undo.before')}
      <span class="quiet figure">${t('teacher.undo.left', { time: duration(left) })}</span>
    </p>
  </div>`
}

function Run({ run, others, now, clock, me, onDismiss }) {
  const [open, setOpen] = useState(null)
  const [stopping, setStopping] = useState(null)
  useAnnouncements(run)
  useEffect(() => {
    for (const d of new Set(run.steps.map((s) => s.target.split('.')[0]))) fetchMeta(d)
  }, [run.run])
  const { kind, title, more } = headline(run, now)
  const going = runs.running(run)
  const { part } = runs.progress(run, now)
  const unfolded = open ?? (going || kind === 'short')
  const undoLeft = mayCall(getRoom(), 'scene.undo') ? runs.undoLeft(run, now, clock) : 0
  const cancel = async () => {
    setStopping([])
    try {
      const { unstoppable = [] } = await call('scene.cancel', { run: run.run })
      setStopping(unstoppable)
    } catch (error) {
      setStopping(null)
      if (error.code !== -32001) toast(trouble(error).text, { kind: 'fault', detail: trouble(error).code })
    }
  }
  return html`<section class=${cls('run', `is-${kind}`)} aria-label=${sceneName(run.scene)} data-run=${run.run} data-state=${run.state}>
    <div class="run-head">
      <${Icon} name=${{ going: 'clock', ready: 'check', done: 'check', short: 'alert', stopped: 'stop' }[kind]} size="large" />
      <div class="run-titles">
        <h2 class="run-title figure">${title}</h2>
        ${more && html`<p class="run-more">${more}</p>`}
      </div>
      ${going && mayCall(getRoom(), 'scene.cancel') && html`<${Button} icon="stop" busy=${stopping !== null} disabled=${!getRoom().live} onClick=${cancel}>${t('teacher.run.cancel')}<//>`}
      ${!going && html`<${IconButton} icon="close" label=${t('common.close')} onClick=${onDismiss} />`}
    </div>
    ${going &&
    html`<progress class="run-bar" max="1" value=${part ?? undefined} aria-label=${t('teacher.run.progress', { scene: sceneName(run.scene) })}></progress>`}
    ${run.principal !== me && html`<p class="run-note"><${Icon} name="user" size="small" /><span>${t('teacher.run.by', { who: who(run.principal) })}</span></p>`}
    ${runs.takenOver(run, others).map(
      ({ run: other, targets }) => html`<p class="run-note" key=${other.run}>
        <${Icon} name="right" size="small" />
        <span>${t('teacher.run.over', { scene: sceneName(other.scene), list: targets.map((x) => doingText(x, other.steps.find((s) => s.target === x)?.value)).join(', ') })}</span>
      </p>`,
    )}
    ${stopping?.map(
      ({ step }) => html`<p class="run-note" key=${step}><${Icon} name="alert" size="small" /><span>${unstoppable(run, step)}</span></p>`,
    )}
    <details class="fold" open=${unfolded} onToggle=${(e) => e.currentTarget.open !== unfolded && setOpen(e.currentTarget.open)}>
      <summary>${t('teacher.run.steps', { done: run.steps.filter(runs.succeeded).length, n: run.steps.length })}</summary>
      <ol class="steps">${run.steps.map((s) => html`<${Step} key=${s.name} step=${s} run=${run} now=${now} />`)}</ol>
    </details>
    ${undoLeft > 0 && html`<${Undo} run=${run} left=${undoLeft} />`}
  </section>`
}

export function Runs() {
  const [, clock, person] = useRoom((r) => [r.runs, r.clock, r.person])
  const [dismissed, setDismissed] = useState(() => new Set())
  const all = runsOf(getRoom())
  const [ticking, setTicking] = useState(true)
  const now = useNow(ticking)
  const list = runs.shown(all, now, clock, dismissed)
  useEffect(() => setTicking(list.length > 0), [list.length > 0])
  useEffect(() => {
    if (all.length > 0) setTicking(true)
  }, [all.length])
  if (list.length === 0) return null
  return html`<div class="runs">
    ${list.map(
      (run) => html`<${Run}
        key=${run.run}
        run=${run}
        others=${all}
        now=${now}
        clock=${clock}
        me=${person?.name}
        onDismiss=${() => setDismissed(new Set(dismissed).add(run.run))}
      />`,
    )}
  </div>`
}
