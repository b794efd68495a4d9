// An experiment of one's own: pick sensors, say how fast and how long; derived columns by formula. Mistakes stand at what they are
// about.
import { useEffect, useState } from 'preact/hooks'
import { html } from '../lib/html.js'
import { language } from '../lib/settings.js'
import { fetchMeta, useRoom } from '../lib/store.js'
import { label, t, unit } from '../lib/words.js'
import { Button, IconButton } from '../ui/button.js'
import { Dialog } from '../ui/dialog.js'
import { Choice, Select, TextField } from '../ui/fields.js'
import { Icon } from '../ui/icon.js'
import { announce } from '../ui/live.js'
import * as make from './make-keys.js'
import { reasonOf } from './use-lab.js'

// Points that can be recorded, by device: [{device, label, status, points}].
function useSensors() {
  const devices = useRoom((r) => r.devices)
  const names = Object.keys(devices).sort().join('|')
  const [found, setFound] = useState(null)
  useEffect(() => {
    let wanted = true
    Promise.all(names.split('|').filter(Boolean).map(fetchMeta)).then((all) => {
      if (!wanted) return
      setFound(
        all
          .map((meta, i) => ({ device: names.split('|')[i], points: (meta?.points ?? []).filter(make.recordable), label: meta?.label }))
          .filter((d) => d.points.length),
      )
    })
    return () => {
      wanted = false
    }
  }, [names])
  return { found, devices }
}

const EMPTY = {
  label: '', rate: { kind: 'hz', text: '2' }, duration: { kind: 'min', text: '5' }, hand: false, channels: [], derived: [], manual: [],
}

function Picked({ form, set, mistakes, error }) {
  const rename = (kind, i, part) => set({ [kind]: form[kind].map((c, k) => (k === i ? { ...c, ...part } : c)) })
  const drop = (kind, i) => set({ [kind]: form[kind].filter((c, k) => k !== i) })
  const said = (key) => error(key) ?? (mistakes[key] ? t('lab.make.wrong.said', { text: mistakes[key].join(' ') }) : undefined)
  return html`<ul class="lab-picked">
    ${form.channels.map(
      (c, i) => html`<li key=${c.channel}>
        <${TextField} label=${t('lab.make.name', { of: c.target })} value=${c.label} maxlength="40" error=${said(`channel ${c.channel}`)} onInput=${(v) => rename('channels', i, { label: v })} />
        <code class="lab-picked-name">${c.channel}</code>
        <${IconButton} icon="close" label=${t('lab.make.remove', { name: c.label || c.channel })} onClick=${() => drop('channels', i)} />
      </li>`,
    )}
    ${form.manual.map(
      (c, i) => html`<li key=${c.channel}>
        <${TextField} label=${t('lab.make.manual.name')} value=${c.label} maxlength="40" error=${said(`manual ${c.channel}`)} onInput=${(v) => rename('manual', i, { label: v })} />
        <${TextField} label=${t('lab.make.unit')} value=${c.unit} maxlength="16" class="lab-unit" error=${error(`unit ${c.channel}`)} onInput=${(v) => rename('manual', i, { unit: v.trim() })} />
        <code class="lab-picked-name">${c.channel}</code>
        <${IconButton} icon="close" label=${t('lab.make.remove', { name: c.label || c.channel })} onClick=${() => drop('manual', i)} />
      </li>`,
    )}
    ${form.derived.map(
      (c, i) => html`<li key=${c.channel}>
        <${TextField} label=${t('lab.make.formula')} value=${c.formula} maxlength="120" class="lab-formula-field" error=${said(`derive ${c.channel}`)} hint=${t('lab.make.formula.hint', { names: [...form.channels, ...form.manual].map((x) => x.channel).join(', ') || 'x' })} spellcheck="false" autocapitalize="none" onInput=${(v) => rename('derived', i, { formula: v })} />
        <${TextField} label=${t('lab.make.derived.name')} value=${c.label} maxlength="40" onInput=${(v) => rename('derived', i, { label: v })} />
        <${TextField} label=${t('lab.make.unit')} value=${c.unit} maxlength="16" class="lab-unit" error=${error(`unit ${c.channel}`)} onInput=${(v) => rename('derived', i, { unit: v.trim() })} />
        <${IconButton} icon="close" label=${t('lab.make.remove', { name: c.label || c.channel })} onClick=${() => drop('derived', i)} />
      </li>`,
    )}
  </ul>`
}

function Amount({ text, kind, label: name, kinds, error, onSet }) {
  return html`<div class="lab-amount">
    <${TextField} label=${name} value=${text} inputmode="decimal" error=${error} onInput=${(v) => onSet({ kind, text: v })} />
    <${Select} label=${t('lab.make.per', { name })} hideLabel value=${kind} options=${kinds.map((k) => ({ value: k, label: t(`lab.make.kind.${k}`) }))} onSet=${(v) => onSet({ kind: v, text })} />
  </div>`
}

export function Make({ lab, onClose }) {
  const [form, setForm] = useState(EMPTY)
  const [tried, setTried] = useState(false)
  const [mistakes, setMistakes] = useState({})
  const [failed, setFailed] = useState(null)
  const [busy, setBusy] = useState(false)
  const { found, devices } = useSensors()
  const set = (part) => {
    setForm((f) => ({ ...f, ...part }))
    setMistakes({})
  }
  const names = () => [...form.channels, ...form.manual, ...form.derived].map((c) => c.channel)
  const { keys, wrong } = make.keysOf(form)
  const error = (field) => (tried && wrong[field] ? t(wrong[field].key, wrong[field].params) : undefined)
  const pick = (device, point) => {
    const target = `${device.device}.${point.name}`
    const had = form.channels.findIndex((c) => c.target === target)
    if (had >= 0) set({ channels: form.channels.filter((c, i) => i !== had) })
    else set({ channels: [...form.channels, { channel: make.channelName(point.name, names()), target, label: label(point.label, point.name) }] })
  }
  const save = async () => {
    setTried(true)
    setFailed(null)
    setMistakes({})
    if (Object.keys(wrong).length) {
      announce(t('lab.make.look'))
      return
    }
    setBusy(true)
    try {
      await lab.create(make.experimentName(form.label, lab.experiments.map((e) => e.experiment)), keys)
      announce(t('lab.make.made'))
      onClose()
    } catch (e) {
      setBusy(false)
      const by = make.mistakesByKey(e.data?.mistakes, keys, language())
      setMistakes(by)
      const shown = new Set([...form.channels.map((c) => `channel ${c.channel}`), ...form.manual.map((c) => `manual ${c.channel}`), ...form.derived.map((c) => `derive ${c.channel}`)])
      const rest = Object.entries(by).filter(([k]) => !shown.has(k) && !['rate', 'duration'].includes(k))
      setFailed(Object.keys(by).length ? (rest.length ? rest.map(([k, v]) => `${k}: ${v.join(' ')}`).join(' · ') : t('lab.make.look')) : reasonOf(e))
    }
  }
  return html`<${Dialog}
    wide
    title=${t('lab.make.title')}
    onClose=${onClose}
    actions=${html`<${Button} onClick=${onClose}>${t('common.cancel')}<//><${Button} kind="primary" busy=${busy} onClick=${save}>${t('lab.make.save')}<//>`}
  >
    <div class="lab-make">
      <${TextField} label=${t('lab.make.label')} value=${form.label} maxlength="80" error=${error('label') ?? mistakes.label?.join(' ')} onInput=${(v) => set({ label: v })} />
      <fieldset class="lab-sensors">
        <legend class="field-label">${t('lab.make.sensors')}</legend>
        ${!found && html`<p class="quiet" role="status">${t('common.loading')}</p>`}
        ${found?.length === 0 && html`<p class="quiet">${t('lab.make.nosensors')}</p>`}
        ${(found ?? []).map(
          (d) => html`<div key=${d.device} class="lab-sensor-row">
            <span class="lab-sensor-name">${label(devices[d.device]?.label ?? d.label, d.device)}${devices[d.device]?.status !== 'online' ? html` <span class="lab-away">(${t('lab.away')})</span>` : ''}</span>
            <span class="lab-sensor-points">
              ${d.points.map((p) => {
                const on = form.channels.some((c) => c.target === `${d.device}.${p.name}`)
                return html`<${Button} key=${p.name} pressed=${on} icon=${on ? 'check' : 'plus'} onClick=${() => pick(d, p)}>${label(p.label, p.name)}${unit(p.unit) && ` (${unit(p.unit)})`}<//>`
              })}
            </span>
          </div>`,
        )}
      </fieldset>
      ${error('channels') && html`<p class="field-error" role="alert">${error('channels')}</p>`}
      <${Picked} form=${form} set=${set} mistakes=${mistakes} error=${error} />
      <div class="lab-make-more">
        <${Button} icon="plus" onClick=${() => set({ derived: [...form.derived, { channel: make.channelName('y', names()), formula: '', unit: '', label: '' }] })}>${t('lab.make.derived')}<//>
        <${Button} icon="plus" onClick=${() => set({ manual: [...form.manual, { channel: make.channelName('nhap', names()), unit: '', label: '' }] })}>${t('lab.make.manual')}<//>
      </div>
      <${Choice}
        label=${t('lab.make.sampling')}
        value=${form.hand ? 'hand' : 'time'}
        options=${['time', 'hand'].map((v) => ({ value: v, label: t(`lab.make.sampling.${v}`) }))}
        onSet=${(v) => set({ hand: v === 'hand' })}
      />
      ${!form.hand && html`<${Amount} label=${t('lab.make.rate')} text=${form.rate.text} kind=${form.rate.kind} kinds=${['hz', 's']} error=${error('rate') ?? mistakes.rate?.join(' ')} onSet=${(rate) => set({ rate })} />`}
      <${Amount} label=${t('lab.make.duration')} text=${form.duration.text} kind=${form.duration.kind} kinds=${['min', 'sec']} error=${error('duration') ?? mistakes.duration?.join(' ')} onSet=${(duration) => set({ duration })} />
      <p class="field-hint">${t('lab.make.duration.hint')}</p>
      ${failed && html`<p class="lab-failed" role="alert"><${Icon} name="alert" /><span>${failed}</span></p>`}
    </div>
  <//>`
}
