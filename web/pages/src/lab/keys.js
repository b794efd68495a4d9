// What a key does on the plot. Pure: a name of an action and its amount, or null when the key is not ours.
export function keyAction({ key, shiftKey, ctrlKey, metaKey, altKey }) {
  if (altKey || metaKey) return null
  if (shiftKey && key === 'ArrowLeft') return ['select', ctrlKey ? -0.001 : -0.01]
  if (shiftKey && key === 'ArrowRight') return ['select', ctrlKey ? 0.001 : 0.01]
  if (ctrlKey) return null
  switch (key) {
    case 'ArrowLeft':
      return ['pan', -0.1]
    case 'ArrowRight':
      return ['pan', 0.1]
    case 'PageUp':
      return ['pan', -0.9]
    case 'PageDown':
      return ['pan', 0.9]
    case '+':
    case '=':
    case 'ArrowUp':
      return ['zoom', 1.5]
    case '-':
    case '_':
    case 'ArrowDown':
      return ['zoom', 1 / 1.5]
    case 'Home':
      return ['home', 0]
    case 'End':
      return ['end', 0]
    case ',':
      return ['cursor', -0.01]
    case '.':
      return ['cursor', 0.01]
    case '0':
    case 'a':
      return ['all', 0]
    case 'f':
      return ['follow', 0]
    case 's':
      return ['anchor', 0]
    case 'b':
      return ['table', 0]
    case 'Escape':
      return ['clear', 0]
    default:
      return null
  }
}
