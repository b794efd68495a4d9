// One WebSocket to the gateway that outlives what happens to it: reconnects with jitter, sends again what was under way, notices
// when nothing is heard any more. Pure but for what is handed in (`world`), so that node can test it with a clock of its own.

export const SILENT = 5_000 // ms without a message until we ask whether anybody is there
export const DOUBT = 3_000 // ms more until what is shown counts as old
export const DEAD = 25_000 // ms without a message until the connection is given up
const UNDER_WAY = 32 // requests the gateway takes at a time; more wait here
const WAITING = 256 // and at most so many
const FIRST_DELAY = 150 // ms, doubled with each attempt in vain
const LONGEST_DELAY = 8_000

// What changes nothing may be asked again of a room that restarted meanwhile; of the rest nobody knows whether it was done.
const READS = /(\.(list|describe|read|plan|show|run|health|snapshot|fetch|analyze)|^web\..*)$/

export class CallError extends Error {
  constructor(code, message, data) {
    super(message)
    this.code = code // a number of docs/protocol.md, or 'timeout', 'unknown', 'closed', 'busy'
    this.data = data ?? {}
  }
}

export class Link {
  // world: {open(): WebSocket, now() and wall() in ms (the first may stop while the machine sleeps), random(), setTimeout, clearTimeout, uuid()}
  // on: {message(method, params), block(head, values), state('opening'|'open'|'silent'|'closed'), failed()}
  constructor(world, on) {
    this.world = world
    this.on = on
    this.socket = null
    this.state = 'closed'
    this.attempts = 0
    this.calls = new Map() // id → {method, text, resolve, reject, deadline timer, sent}
    this.follows = null
    this.boot = null
    this.heard = 0
    this.heardWall = 0
    this.asked = false
    this.retry = null
    this.watch = null
    this.wanted = false
  }

  start() {
    this.wanted = true
    this.connect()
  }

  stop() {
    this.wanted = false
    this.drop()
    this.clear('retry')
    this.become('closed')
    for (const call of [...this.calls.values()]) this.finish(call, null, new CallError('closed', 'the page left the room'))
  }

  // Something woke us (the network is back, the page is looked at again): what stands is in doubt, so ask, and do not wait
  // for a delay to end.
  wake() {
    if (!this.wanted) return
    const quiet = this.world.wall() - this.heardWall // a clock that went on while the machine slept
    if (this.socket && quiet >= 0 && quiet < SILENT / 2) return
    this.drop()
    this.clear('retry')
    this.attempts = 0
    this.become('closed')
    this.connect()
  }

  // The network is gone: say so at once.
  sleep() {
    if (this.wanted && this.socket) this.lose()
  }

  call(method, params, { timeout = 15_000 } = {}) {
    return new Promise((resolve, reject) => {
      if (this.calls.size >= WAITING) {
        reject(new CallError('busy', 'too many requests are waiting'))
        return
      }
      const id = this.world.uuid()
      const call = { id, method, resolve, reject, sent: false, boot: null }
      call.text = JSON.stringify({ jsonrpc: '2.0', id, method, ...(params && { params }) })
      call.timer = this.world.setTimeout(
        () => this.finish(call, null, new CallError('timeout', `no answer to ${method}`)), timeout)
      this.calls.set(id, call)
      this.pump()
    })
  }

  follow(what) {
    this.follows = what
    if (this.state === 'open') this.call('web.follow', what).catch(() => {})
  }

  // ---- Inside --------------------------------------------------------------------------------------------------------

  become(state) {
    if (this.state === state) return
    this.state = state
    this.on.state(state)
  }

  clear(name) {
    if (this[name] !== null) this.world.clearTimeout(this[name])
    this[name] = null
  }

  connect() {
    this.clear('retry')
    if (!this.wanted || this.socket) return
    this.become('opening')
    let socket
    try {
      socket = this.world.open()
    } catch {
      this.again()
      return
    }
    socket.binaryType = 'arraybuffer'
    this.socket = socket
    this.hear()
    socket.onmessage = (e) => this.socket === socket && this.take(e.data)
    socket.onclose = () => this.socket === socket && this.lose()
    socket.onerror = () => {}
    this.guard()
  }

  // Lets go of the socket without waiting for its end: one that hangs may take minutes to close.
  drop() {
    this.clear('watch')
    const socket = this.socket
    this.socket = null
    if (!socket) return
    socket.onmessage = socket.onclose = null
    try {
      socket.close()
    } catch {
      // it was not open yet
    }
  }

  lose() {
    this.drop()
    this.become('closed')
    this.on.failed(this.attempts)
    this.again()
  }

  again() {
    if (!this.wanted || this.retry !== null) return
    const longest = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this.attempts)
    this.attempts = Math.min(this.attempts + 1, 12)
    const delay = longest * (0.5 + this.world.random() / 2)
    this.retry = this.world.setTimeout(() => {
      this.retry = null
      this.connect()
    }, delay)
  }

  // One timer that looks when something was heard last.
  guard() {
    this.clear('watch')
    this.watch = this.world.setTimeout(() => {
      this.watch = null
      const quiet = this.world.now() - this.heard
      if (quiet >= DEAD || (this.state === 'opening' && quiet >= DEAD / 2)) {
        this.lose()
        return
      }
      if (quiet >= SILENT + DOUBT && this.state === 'open') this.become('silent')
      else if (quiet >= SILENT && !this.asked && this.state === 'open') {
        this.asked = true // the answer is a sign of life; what is followed stays the same
        this.send({ jsonrpc: '2.0', id: this.world.uuid(), method: 'web.follow', params: this.follows ?? {} })
      }
      this.guard()
    }, 1000)
  }

  send(message) {
    try {
      this.socket.send(JSON.stringify(message))
    } catch {
      // its end is told by onclose
    }
  }

  hear() {
    this.heard = this.world.now()
    this.heardWall = this.world.wall()
    this.asked = false
  }

  take(data) {
    this.hear()
    if (this.state === 'silent') this.become('open')
    if (typeof data !== 'string') {
      this.block(data)
      return
    }
    let message
    try {
      message = JSON.parse(data)
    } catch {
      return
    }
    if (message.id !== undefined) this.answer(message)
    else if (message.method === 'hello') this.welcome(message.params ?? {})
    else if (message.method) this.on.message(message.method, message.params ?? {})
  }

  welcome(params) {
    const boot = params.room?.boot ?? null
    const restarted = this.boot !== null && boot !== null && boot !== this.boot
    if (boot !== null) this.boot = boot
    this.attempts = 0
    for (const call of [...this.calls.values()]) {
      if (restarted && call.sent && !READS.test(call.method))
        this.finish(call, null, new CallError('unknown', 'the room restarted: whether it was done is unknown'))
      call.sent = false
    }
    this.become('open')
    this.on.message('hello', params)
    if (this.follows) this.follow(this.follows)
    this.pump()
  }

  pump() {
    if (this.state !== 'open' && this.state !== 'silent') return
    let under = 0
    for (const call of this.calls.values()) if (call.sent) under++
    for (const call of this.calls.values()) {
      if (under >= UNDER_WAY) return
      if (call.sent) continue
      call.sent = true
      under++
      try {
        this.socket.send(call.text)
      } catch {
        call.sent = false
        return
      }
    }
  }

  answer(message) {
    const call = this.calls.get(message.id)
    if (!call) return
    const e = message.error
    if (e) this.finish(call, null, new CallError(e.code, e.message ?? '', e.data))
    else this.finish(call, message.result, null)
  }

  finish(call, result, error) {
    if (!this.calls.delete(call.id)) return
    this.world.clearTimeout(call.timer)
    if (error) call.reject(error)
    else call.resolve(result)
    this.pump()
  }

  // uint32 length of the JSON, the JSON, spaces up to a multiple of 8, float64 values
  block(data) {
    const block = readBlock(data)
    if (block) this.on.block(block.head, block.values)
  }
}

// A binary message in its parts, or null when it is none. The values are a view of the message, not a copy.
export function readBlock(data) {
  if (!(data instanceof ArrayBuffer) || data.byteLength < 4) return null
  const length = new DataView(data).getUint32(0, true)
  const start = Math.ceil((4 + length) / 8) * 8
  if (4 + length > data.byteLength || start > data.byteLength || (data.byteLength - start) % 8 !== 0) return null
  try {
    const head = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)))
    return { head, values: new Float64Array(data, start) }
  } catch {
    return null
  }
}
