// Our own icons: 24 × 24, drawn with one stroke width in the colour of the text. Each stands beside a text, so they say nothing to a
// screen reader.
import { html, cls } from '../lib/html.js'

const PATHS = {
  projector: 'M4 8h16a2 2 0 0 1 2 2v5a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2v-5a2 2 0 0 1 2-2zM6 17v2M18 17v2M5.5 12.5h4M15 15.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6z',
  board: 'M3 5h18v11H3zM8 20l2-4M16 20l-2-4M7 12l3-3 3 2 4-4',
  audio: 'M4 9.5h3.5L12 6v12l-4.5-3.5H4zM15.5 9a4 4 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11',
  light: 'M9 18h6M10 21h4M8.5 15a6 6 0 1 1 7 0c-.6.5-1 1.2-1 2h-5c0-.8-.4-1.5-1-2z',
  screen: 'M3 4h18M5 4v11h14V4M12 15v4M10 19h4',
  display: 'M3 5h18v12H3zM9 21h6M12 17v4',
  camera: 'M12 13a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 10a1 1 0 1 0 0-2 1 1 0 0 0 0 2zM7 17h10l1.5 4h-13zM9 12.5 8 17M15 12.5l1 4.5',
  sensor: 'M10 14.5V5a2 2 0 1 1 4 0v9.5a4 4 0 1 1-4 0zM12 9v8',
  meter: 'M13 3 6 13.5h5L10.5 21 18 10.5h-5.5z',
  relay: 'M4 12h5l6-4M15 12h5M4 12a1 1 0 1 0 0 .1M20 12a1 1 0 1 0 0 .1',
  device: 'M5 5h14v14H5zM9 9h6v6H9z',
  check: 'm5 12.5 4.5 4.5L19 7.5',
  dots: 'M6 12h.01M12 12h.01M18 12h.01',
  alert: 'M12 4 2.5 20h19zM12 10v4.5M12 17.3v.2',
  stop: 'M7 7h10v10H7z',
  up: 'm6 14 6-6 6 6',
  down: 'm6 10 6 6 6-6',
  right: 'm10 6 6 6-6 6',
  left: 'm14 6-6 6 6 6',
  close: 'm6 6 12 12M18 6 6 18',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.5 2',
  undo: 'M8 5 4 9l4 4M4 9h10a5.5 5.5 0 0 1 0 11h-4',
  help: 'M4 13v-1a8 8 0 0 1 16 0v1M4 13h3v5H5a1 1 0 0 1-1-1zM20 13h-3v5h2a1 1 0 0 0 1-1zM19 18c0 2-2 3-5 3',
  user: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5c1-3.8 4-5.5 7.5-5.5s6.500 1.700 7.500 5.500',
  blank: 'M3 5h18v12H3zM5 19 19 3',
  freeze: 'M9 6v12M15 6v12',
  mute: 'M4 9.5h3.5L12 6v12l-4.500-3.500H4zM16 9.500l5 5M21 9.500l-5 5',
  mic: 'M12 14a3 3 0 0 0 3-3V6a3 3 0 1 0-6 0v5a3 3 0 0 0 3 3zM6 11a6 6 0 0 0 12 0M12 17v4M9 21h6',
  source: 'M3 7h12M11 3l4 4-4 4M21 17H9M13 13l-4 4 4 4',
  power: 'M12 3v9M7 6.500a8 8 0 1 0 10 0',
  lab: 'M9 3h6M10 3v6l-5.500 9a2 2 0 0 0 1.700 3h11.600a2 2 0 0 0 1.700-3L14 9V3M7.500 15h9',
  tools: 'M14.500 6.500a4 4 0 0 1 5-3.900L17 5.500 18.500 7l2.900-2.500a4 4 0 0 1-5.300 4.900L7 18.500a2 2 0 0 1-2.800-2.800l9-9z',
  home: 'M4 11 12 4l8 7v9h-5.500v-6h-5v6H4z',
  link: 'M5 12.500a10 10 0 0 1 14 0M8 15.500a6 6 0 0 1 8 0M12 19h.01',
  nolink: 'M5 12.500a10 10 0 0 1 6-2.900M15 10a10 10 0 0 1 4 2.500M12 19h.01M4 4l16 16',
  play: 'M8 5.500v13l10.500-6.500z',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  search: 'M10.500 17a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13zM15.500 15.500 21 21',
  download: 'M12 4v11M7 11l5 5 5-5M5 20h14',
  table: 'M4 5h16v14H4zM4 10h16M4 14.500h16M10 5v14',
  flag: 'M6 21V4h11l-2 4 2 4H6',
  bell: 'M6 16V11a6 6 0 1 1 12 0v5l2 2H4zM10 21h4',
  list: 'M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01',
  globe: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM3 12h18M12 3c3 3 3.500 6 3.500 9s-.5 6-3.500 9c-3-3-3.500-6-3.500-9S9 6 12 3z',
  theme: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 3v18',
  backspace: 'M8 6h12v12H8l-5-6zM11.500 9.500l5 5M16.500 9.500l-5 5',
  steps: 'M4 6h.01M4 12h.01M4 18h.01M8 6h12M8 12h8M8 18h10',
}

// Names of icons can be those of classes of devices; an unknown class gets the plain device.
export function Icon({ name, size = '' }) {
  return html`<svg class=${cls('icon', size && `icon-${size}`)} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <path d=${PATHS[name] ?? PATHS.device} />
  </svg>`
}
