// The page's model and its hooks.
import { useEffect, useReducer, useState } from 'preact/hooks'
import { call, follow, onEvent, onSamples } from '../lib/socket.js'
import { getRoom } from '../lib/store.js'
import { has, label, t } from '../lib/words.js'
import { Lab } from './model.js'

export function useLab(room) {
  const [lab, setLab] = useState(null)
  const [, render] = useReducer((n) => n + 1, 0)
  useEffect(() => {
    const one = new Lab({ call, follow, onEvent, onSamples, recordings: () => getRoom().recordings })
    const end = one.subscribe(render)
    one.start()
    setLab(one)
    return () => {
      end()
      one.stop()
    }
  }, [room])
  return lab
}

// Renders while data flow, at most `hz` times a second.
export function useData(lab, hz = 5) {
  const [, render] = useReducer((n) => n + 1, 0)
  useEffect(() => {
    let timer = null
    const later = () => {
      if (timer !== null) return
      timer = setTimeout(() => {
        timer = null
        render()
      }, 1000 / hz)
    }
    const end = lab.onDraw(later)
    return () => {
      end()
      clearTimeout(timer)
    }
  }, [lab, hz])
}

// What went wrong, in the reader's words: the room's own remedy where it has one.
export function reasonOf(error) {
  const remedy = label(error?.data?.remedy)
  const key = `error.${error?.code}`
  return remedy || (has(key) ? t(key) : t('error.other'))
}
