// How channels are told apart: by colour, and by dash and mark too, for those who see colours alike and for a print in grey.
// The colours are the style sheet's, --ch-1 to --ch-8: each has a contrast of 3:1 at least on its ground.

const DASHES = [[], [10, 5], [3, 4], [14, 4, 3, 4], [6, 3, 6, 8], [18, 6], [3, 3, 3, 9], [12, 3, 3, 3, 3, 3]]
export const MARKS = ['circle', 'square', 'triangle', 'diamond', 'cross', 'plus', 'ring', 'box']
export const COLOURS = 8

export function looks(i) {
  return { colour: i % COLOURS, dash: DASHES[i % DASHES.length], mark: MARKS[i % MARKS.length] }
}

export function palette(element) {
  const style = getComputedStyle(element)
  const get = (name) => style.getPropertyValue(name).trim()
  return {
    channels: Array.from({ length: COLOURS }, (_, i) => get(`--ch-${i + 1}`)),
    ink: get('--plot-ink'),
    grid: get('--plot-grid'),
    ground: get('--plot-ground'),
    accent: get('--plot-accent'),
    select: get('--plot-select'),
    mark: get('--plot-mark'),
  }
}

// The mark of a channel around (x, y).
export function mark(path, kind, x, y, r) {
  switch (kind) {
    case 'circle':
    case 'ring':
      path.moveTo(x + r, y)
      path.arc(x, y, r, 0, 2 * Math.PI)
      break
    case 'square':
    case 'box':
      path.rect(x - r, y - r, 2 * r, 2 * r)
      break
    case 'triangle':
      path.moveTo(x, y - r * 1.2)
      path.lineTo(x + r * 1.1, y + r * 0.8)
      path.lineTo(x - r * 1.1, y + r * 0.8)
      path.closePath()
      break
    case 'diamond':
      path.moveTo(x, y - r * 1.3)
      path.lineTo(x + r * 1.3, y)
      path.lineTo(x, y + r * 1.3)
      path.lineTo(x - r * 1.3, y)
      path.closePath()
      break
    case 'cross':
      path.moveTo(x - r, y - r)
      path.lineTo(x + r, y + r)
      path.moveTo(x + r, y - r)
      path.lineTo(x - r, y + r)
      break
    default:
      path.moveTo(x - r * 1.2, y)
      path.lineTo(x + r * 1.2, y)
      path.moveTo(x, y - r * 1.2)
      path.lineTo(x, y + r * 1.2)
  }
}
