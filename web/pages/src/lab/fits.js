// Numbers of an analysis, as a report writes them. Pure.
export const FORMS = ['linear', 'polynomial', 'exponential', 'power', 'sine']

// How many decimals a value with this uncertainty deserves: two digits of the uncertainty.
export function decimalsFor(uncertainty) {
  if (!(uncertainty > 0) || !Number.isFinite(uncertainty)) return null
  return Math.max(0, 1 - Math.floor(Math.log10(uncertainty)))
}

// "71,38 ± 0,02"; very large and very small ones in powers of ten.
export function withUncertainty(value, uncertainty, number) {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–'
  if (!(uncertainty > 0)) return short(value, number)
  const size = Math.max(Math.abs(value), uncertainty)
  const e = Math.floor(Math.log10(size))
  if (e >= 6 || e <= -4) {
    const scale = 10 ** e
    const d = Math.min(9, decimalsFor(uncertainty / scale) ?? 3)
    return `(${number(value / scale, d)} ± ${number(uncertainty / scale, d)})·10${raised(e)}`
  }
  const d = Math.min(12, decimalsFor(uncertainty))
  return `${number(value, d)} ± ${number(uncertainty, d)}`
}

const RAISED = { '-': '⁻', 0: '⁰', 1: '¹', 2: '²', 3: '³', 4: '⁴', 5: '⁵', 6: '⁶', 7: '⁷', 8: '⁸', 9: '⁹' }
export const raised = (n) => [...String(n)].map((c) => RAISED[c]).join('')

// Four digits that count, or as many decimals as the channel has.
export function short(value, number, decimals) {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–'
  if (value === 0) return number(0, decimals ?? 0)
  const e = Math.floor(Math.log10(Math.abs(value)))
  if (e >= 7 || e <= -5) return `${number(value / 10 ** e, 3)}·10${raised(e)}`
  return number(value, Math.max(decimals ?? 0, Math.min(9, 3 - e), 0))
}

const superscripts = (text) => text.replace(/\^(-?\d+)/g, (m, n) => raised(n))

// The unit of a fit's parameter: of y, y/x^n, 1/x ... x and y as people write them.
export function parameterUnit(form, name, x, y) {
  const per = (n) => (n === 0 ? y : !x ? y : `${y || '1'}/${x}${n === 1 ? '' : raised(n)}`)
  if (form === 'linear') return name === 'A' ? per(1) : y
  if (form === 'polynomial') return per(Number(name.slice(1)))
  if (form === 'exponential') return name === 'B' ? (x ? `1/${x}` : '') : y
  if (form === 'sine') return { A: y, C: y, f: x === 's' ? 'Hz' : x ? `1/${x}` : '', p: 'rad' }[name] ?? ''
  if (form === 'power') return name === 'B' ? '' : y && x ? `${y}/${x}ᴮ` : y
  return ''
}

export function formula(form, order = 2) {
  if (form === 'polynomial') {
    const terms = Array.from({ length: order + 1 }, (_, i) => `c${'₀₁₂₃₄₅₆'[i]}${i === 0 ? '' : i === 1 ? '·x' : `·x${raised(i)}`}`)
    return `y = ${terms.join(' + ')}`
  }
  return superscripts({
    linear: 'y = A·x + B',
    exponential: 'y = A·e^(B·x) + C',
    power: 'y = A·x^B',
    sine: 'y = A·sin(2π·f·x + p) + C',
  }[form] ?? form)
}
