// The scenes as large buttons, in the order of a lesson. A press shows at once; a second press of one under way joins it, and the
// page does not even send it.
import { useState } from 'preact/hooks'
import { html, cls } from '../lib/html.js'
import { mayCall } from '../lib/room.js'
import { call } from '../lib/socket.js'
import { useRoom } from '../lib/store.js'
import { useNow } from '../lib/ticker.js'
import { duration, label, t } from '../lib/words.js'
import { Icon } from '../ui/icon.js'
import { announce, toast } from '../ui/live.js'
import { progress, running } from './runs.js'
import { sceneName, trouble } from './words.js'

// A ring that fills as far as is known, and turns while nobody knows.
function Ring({ part }) {
  const known = part !== null && part !== undefined
  return html`<svg class=${cls('ring', !known && 'is-turning')} viewBox="0 0 40 40" aria-hidden="true" focusable="false">
    <circle class="ring-ground" cx="20" cy="20" r="16" />
    <circle class="ring-part" cx="20" cy="20" r="16" pathLength="100" stroke-dasharray=${`${known ? Math.round(part * 100) : 30} 100`} transform="rotate(-90 20 20)" />
  </svg>`
}

function SceneButton({ scene, run, asked, onStart, can, now }) {
  const busy = asked || !!run
  const { part, left } = run ? progress(run, now) : { part: null, left: null }
  let hint
  if (run && left !== null) hint = left < 1000 ? t('teacher.scene.soon') : t('teacher.scene.left', { time: duration(left) })
  else if (run) hint = t('teacher.scene.first')
  else if (asked) hint = t('teacher.scene.asked')
  else if (!scene.usual_ms) hint = t('teacher.scene.never')
  else hint = scene.usual_ms < 2000 ? t('teacher.scene.quick') : t('teacher.scene.usual', { time: duration(scene.usual_ms) })
  return html`<button
    type="button"
    class=${cls('scene', busy && 'is-running', run?.ready && 'is-ready')}
    aria-busy=${busy ? 'true' : undefined}
    disabled=${!can}
    data-scene=${scene.name}
    onClick=${onStart}
  >
    <span class="scene-mark">${busy ? html`<${Ring} part=${part} />` : html`<${Icon} name="play" />`}</span>
    <span class="scene-name">${label(scene.label, scene.name)}</span>
    <span class="scene-hint">${busy && html`<strong>${t('teacher.scene.running')}</strong> · `}${hint}</span>
  </button>`
}

export function Scenes() {
  const [scenes, runs, live, may] = useRoom((r) => [r.scenes, r.runs, r.live, mayCall(r, 'scene.start')])
  const [asked, setAsked] = useState(() => new Set())
  const under = new Map([...runs.values()].filter(running).map((r) => [r.scene, r]))
  const now = useNow(under.size > 0)
  if (!may) return null
  const start = async (name) => {
    if (under.has(name) || asked.has(name)) {
      toast(t('teacher.scene.joined', { scene: sceneName(name) }))
      return
    }
    setAsked((was) => new Set(was).add(name))
    announce(t('teacher.scene.announce', { scene: sceneName(name) }))
    try {
      await call('scene.start', { scene: name })
    } catch (error) {
      const { text, remedy, code } = trouble(error)
      toast(`${sceneName(name)}: ${text} ${remedy}`.trim(), { kind: 'fault', detail: code })
    }
    setAsked((was) => {
      const next = new Set(was)
      next.delete(name)
      return next
    })
  }
  return html`<div class="scenes" role="group" aria-label=${t('teacher.scenes')}>
    ${scenes.map(
      (s) => html`<${SceneButton}
        key=${s.name}
        scene=${s}
        run=${under.get(s.name)}
        asked=${asked.has(s.name)}
        can=${live}
        now=${now}
        onStart=${() => start(s.name)}
      />`,
    )}
    ${scenes.length === 0 && html`<p class="quiet">${t(live ? 'teacher.scenes.none' : 'common.loading')}</p>`}
  </div>`
}
