// What a method answers, asked when shown, again when the room comes back, and every `every` ms while somebody looks.
import { useEffect, useRef, useState } from 'preact/hooks'
import { call } from '../lib/socket.js'
import { useRoom } from '../lib/store.js'
import { trouble } from './words.js'

// {value, error, again()}: the last answer (kept while the next one comes) and the last failure in words.
export function useAnswer(method, params, { every = 0 } = {}) {
  const live = useRoom((r) => r.live)
  const [state, setState] = useState({ value: null, error: '' })
  const [turn, setTurn] = useState(0)
  const key = JSON.stringify(params ?? null)
  const newest = useRef(0)
  useEffect(() => {
    if (!live) return undefined
    const mine = ++newest.current
    call(method, params).then(
      (value) => mine === newest.current && setState({ value, error: '' }),
      (error) => mine === newest.current && setState((was) => ({ ...was, error: trouble(error) })),
    )
    if (!every) return undefined
    const timer = setInterval(() => document.visibilityState !== 'hidden' && setTurn((n) => n + 1), every)
    return () => clearInterval(timer)
  }, [method, key, live, turn])
  return { ...state, again: () => setTurn((n) => n + 1) }
}
