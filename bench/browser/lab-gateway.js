// In the page, before its scripts: a gateway made up in the browser, with a run of 8 channels of 1 kHz. It measures the page alone;
// the whole way from the sensor is the matter of the other figures.
(() => {
  const CHANNELS = 8
  const HZ = 1000
  const BLOCK_MS = 100
  const label = (vi, en) => ({ vi, en })
  const channels = Array.from({ length: CHANNELS }, (_, i) => ({
    channel: `u${i + 1}`, kind: 'point', target: `adc.u${i + 1}`, source: `adc.u${i + 1}`, rate_hz: HZ, unit: ['V', 'V', 'V', 'V', 'mA', 'mA', 'Cel', 'Cel'][i], decimals: 3,
    label: label(`Kênh ${i + 1}`, `Channel ${i + 1}`),
  }))
  const value = (i, t) => (i < 4 ? 2 : 9) * Math.sin(2 * Math.PI * t * (0.2 + i * 0.13)) * (1 + 0.2 * Math.sin(t * 977 + i)) + i + Math.random() * 0.3
  const may = ['experiment.list', 'run.list', 'experiment.start', 'experiment.create', 'run.delete', 'run.export']
  const gateway = { start: 0, sent: 0 }
  globalThis.labGateway = gateway
  const name = label('Tám kênh nhanh', 'Eight fast channels')
  const told = () => ({
    run: 'r1', experiment: 'eight', label: name, state: 'recording', start: gateway.start * 1000, elapsed_ms: Date.now() - gateway.start, samples: gateway.sent,
    lost: 0, marks: 0, principal: 'lan', channels: channels.map((c) => ({ channel: c.channel, unit: c.unit, last: 1, samples: gateway.sent / CHANNELS, lost: 0, there: true })),
  })
  const answers = {
    'device.list': () => ({ devices: [{ name: 'adc', label: label('Bộ đo nhanh', 'Fast converter'), class: 'sensor', status: 'online' }] }),
    'scene.list': () => ({ scenes: [] }),
    'web.follow': () => ({}),
    'experiment.list': () => ({ experiments: [{ experiment: 'eight', label: name, channels, repeat: 1, fields: [], run: gateway.start ? 'r1' : undefined }] }),
    'run.list': () => ({ runs: gateway.start ? [told()] : [], bytes: 0, budget: 0 }),
    'run.show': () => ({ ...told(), channels: channels.map((c) => ({ ...c, samples: 0 })), marks: [], metadata: {} }),
    'run.read': () => ({ run: 'r1', channels: channels.map((c) => ({ channel: c.channel, t: [], value: [], min: [], max: [], gaps: [], gap: [] })) }),
    'experiment.start': (socket) => {
      gateway.start = Date.now()
      setInterval(() => socket.flow(), BLOCK_MS)
      setInterval(() => socket.say('recordings', { recordings: [told()] }), 500)
      return told()
    },
  }
  globalThis.WebSocket = class {
    constructor() {
      this.upto = 0
      setTimeout(() => {
        this.say('hello', {
          person: { name: 'lan', label: 'Lan', role: 'lab', kiosk: false, may }, build: document.querySelector('meta[name=build]').content, now: Date.now() * 1000,
          room: { site: 's', room: 'bench', label: label('Phòng đo', 'Bench'), boot: 'b', devices: ['adc'], scenes: [] },
        })
        this.say('live', { live: true })
        this.say('state', { whole: true, devices: { adc: { status: 'online', points: {} } } })
      })
    }
    tell(message) {
      setTimeout(() => this.onmessage?.({ data: JSON.stringify(message) }))
    }
    say(method, params) {
      this.tell({ method, params })
    }
    send(text) {
      const { id, method } = JSON.parse(text)
      const answer = answers[method]
      this.tell(answer ? { id, result: answer(this) } : { id, error: { code: -32601, message: 'no such method' } })
    }
    close() {}
    flow() {
      const now = Date.now() - gateway.start
      const n = Math.floor(((now - this.upto) * HZ) / 1000)
      for (let i = 0; i < CHANNELS && n > 0; i++) {
        const head = new TextEncoder().encode(JSON.stringify({ run: 'r1', channel: `u${i + 1}`, t_ms: this.upto, interval_us: 1e6 / HZ, n }))
        const at = Math.ceil((4 + head.length) / 8) * 8
        const data = new ArrayBuffer(at + 8 * n)
        new Uint8Array(data).fill(32, 0, at)
        new DataView(data).setUint32(0, head.length, true)
        new Uint8Array(data).set(head, 4)
        const values = new Float64Array(data, at)
        for (let k = 0; k < n; k++) values[k] = value(i, (this.upto + (k * 1000) / HZ) / 1000)
        gateway.sent += n
        this.onmessage?.({ data })
      }
      this.upto += (n * 1000) / HZ
    }
  }
})()
