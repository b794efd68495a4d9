// The stage of the browser tests: a simulated room, its daemon, the gateway, people, and Debian's Chromium. Nothing is faked: what a
// test sees went through the browser, lectern-web, lecternd and the simulated wire.
//
// $LECTERN_BUILD is the build folder (default build/release), $LECTERN_NPM a folder with node_modules (npm ci of this folder).
import { spawn, spawnSync } from 'node:child_process'
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import net from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const BUILD = resolve(process.env.LECTERN_BUILD ?? join(ROOT, 'build/release'))
const NPM = resolve(process.env.LECTERN_NPM ?? join(ROOT, 'build/browser'))
const require = createRequire(join(NPM, 'package.json'))
const { chromium } = require('playwright-core')
export const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

export const PATIENCE = Number(process.env.LECTERN_PATIENCE ?? 20) * 1000 // ms
export const PEOPLE = {
  lan: { label: 'Cô Nguyễn Thị Lan', role: 'teacher', secret: '2468' },
  binh: { label: 'Thầy Trần Bình', role: 'lab', secret: '13579' },
  ky: { label: 'Kỹ thuật viên Phạm Kỳ', role: 'facilities', secret: 'doi-mat-khau-9' },
  xem: { label: 'Khách', role: 'viewer', secret: '8642' },
}

// Waits for a condition with a deadline; gives what it gave.
export async function until(condition, what = 'the condition', ms = PATIENCE) {
  const end = Date.now() + ms
  for (;;) {
    const value = await condition()
    if (value) return value
    if (Date.now() > end) throw new Error(`waited ${ms / 1000} s for ${what}`)
    await new Promise((next) => setTimeout(next, 20))
  }
}

// So much time has passed for the page as well: what it had set its clock for before has happened, however slow the machine.
export const passes = (page, ms) => page.evaluate((wait) => new Promise((next) => setTimeout(next, wait)), ms)

class Program {
  constructor(stage, name, args, env = {}) {
    this.name = name
    this.log = join(stage.folder, `${name}-${stage.programs.length}.log`)
    const out = createWriteStream(this.log)
    this.process = spawn(join(BUILD, 'bin', name), args, {
      cwd: stage.folder, env: { ...process.env, ...stage.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.process.stdout.pipe(out)
    this.process.stderr.pipe(out)
    this.ended = new Promise((done) => this.process.on('exit', (code, signal) => done({ code, signal })))
    stage.programs.push(this)
  }
  text() {
    return existsSync(this.log) ? readFileSync(this.log, 'utf8') : ''
  }
  running() {
    return this.process.exitCode === null && this.process.signalCode === null
  }
  async end(signal = 'SIGTERM') {
    if (this.running()) this.process.kill(signal)
    return this.ended
  }
}

function freePort() {
  return new Promise((done) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => done(port))
    })
  })
}

// A piece of network between browser and gateway that can be cut: connections stand, but nothing passes, and new ones are refused.
class Network {
  constructor(to) {
    this.to = to
    this.cut = false
    this.pairs = new Set()
    this.server = net.createServer((a) => {
      if (this.cut) {
        a.destroy()
        return
      }
      const b = net.connect(this.to, '127.0.0.1')
      const pair = [a, b]
      this.pairs.add(pair)
      const end = () => {
        a.destroy()
        b.destroy()
        this.pairs.delete(pair)
      }
      for (const s of pair) s.on('error', end).on('close', end)
      a.pipe(b)
      b.pipe(a)
    })
  }
  open() {
    return new Promise((done) => this.server.listen(0, '127.0.0.1', () => done(this.server.address().port)))
  }
  // Wires that are pulled tell nobody: bytes just do not come any more.
  pull() {
    this.cut = true
    for (const [a, b] of this.pairs) {
      a.unpipe(b)
      b.unpipe(a)
      a.pause()
      b.pause()
    }
  }
  plug() {
    this.cut = false
    for (const [a, b] of [...this.pairs]) {
      a.destroy()
      b.destroy()
    }
  }
  close() {
    for (const pair of this.pairs) pair.forEach((s) => s.destroy())
    this.server.close()
  }
}

export class Stage {
  constructor({ room = 'phong-201', file = join(ROOT, 'profiles/rooms', `${room}.ini`), speed = 20, sim = [] } = {}) {
    Object.assign(this, { roomName: room, file, speed, simArgs: sim, programs: [], contexts: [] })
    this.folder = mkdtempSync(join(tmpdir(), 'lectern-browser-'))
    this.env = { LECTERN_RUN: join(this.folder, 'run'), LECTERN_WEB_STATE: join(this.folder, 'web'), LECTERN_ROOM: room }
    mkdirSync(this.env.LECTERN_RUN)
    mkdirSync(this.env.LECTERN_WEB_STATE)
  }

  // A room whose text differs from the shipped one; `beside`: {name: text} of files that it names.
  static text(room, change, beside = {}) {
    const folder = mkdtempSync(join(tmpdir(), 'lectern-room-'))
    const file = join(folder, `${room}.ini`)
    writeFileSync(file, change(readFileSync(join(ROOT, 'profiles/rooms', `${room}.ini`), 'utf8')))
    for (const [name, text] of Object.entries(beside)) writeFileSync(join(folder, name), text)
    return { file, done: () => rmSync(folder, { recursive: true, force: true }) }
  }

  // What began before something failed is ended, or the test would wait for it.
  async open() {
    try {
      return await this.begin()
    } catch (error) {
      await this.close().catch(() => {})
      throw error
    }
  }

  async begin() {
    this.map = join(this.folder, 'lines.ini')
    this.sim = new Program(this, 'lectern-sim', [this.file, '--map', this.map, '--speed', String(this.speed), ...this.simArgs])
    await until(() => existsSync(this.map) || !this.sim.running(), 'the simulator')
    await this.startDaemon()
    for (const [name, p] of Object.entries(PEOPLE))
      this.lectern(['user', 'add', name, '--role', p.role, '--label', p.label, '--secret-stdin'], `${p.secret}\n`)
    this.gatewayPort = await freePort()
    await this.startGateway()
    this.network = new Network(this.gatewayPort)
    this.port = await this.network.open()
    this.url = `http://localhost:${this.port}`
    this.browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--force-color-profile=srgb',
        '--enable-precise-memory-info', '--js-flags=--expose-gc'],
    })
    return this
  }

  async startDaemon() {
    this.daemon = new Program(this, 'lecternd', ['--simulated', this.map, '--run', this.env.LECTERN_RUN, '--state', join(this.folder, 'state'),
      '--gateway', userInfo().username, this.file])
    await until(() => this.daemon.text().includes(' devices on ') || !this.daemon.running(), 'lecternd')
    if (!this.daemon.running()) throw new Error(this.daemon.text())
    await until(() => JSON.parse(this.lectern(['devices', '--json'])).every((d) => d.status === 'online'), 'all devices')
  }

  async startGateway() {
    this.gateway = new Program(this, 'lectern-web', ['--listen', `127.0.0.1:${this.gatewayPort}`, '--state', this.env.LECTERN_WEB_STATE,
      '--run', this.env.LECTERN_RUN])
    const answers = () => new Promise((done) => {
      const s = net.connect(this.gatewayPort, '127.0.0.1', () => { s.destroy(); done(true) }).on('error', () => done(false))
    })
    await until(async () => (await answers()) || !this.gateway.running(), 'lectern-web')
    if (!this.gateway.running()) throw new Error(this.gateway.text())
  }

  // The command line; throws with what it said when it fails.
  lectern(args, input = '') {
    const done = spawnSync(join(BUILD, 'bin/lectern'), args, { env: { ...process.env, ...this.env, LECTERN_LANG: 'en' }, input, encoding: 'utf8' })
    if (done.status !== 0) throw new Error(`lectern ${args.join(' ')}: ${done.stdout}${done.stderr}`)
    return done.stdout
  }

  // The simulator's control: fault, state ...
  simulate(...args) {
    const done = spawnSync(join(BUILD, 'bin/lectern-sim'), [...args, '--room', this.roomName], { env: { ...process.env, ...this.env }, encoding: 'utf8' })
    if (done.status !== 0) throw new Error(`lectern-sim ${args.join(' ')}: ${done.stdout}${done.stderr}`)
    return done.stdout
  }

  // A browser of its own, in which nobody is signed in. What a page says to the console or breaks is kept in page.complaints.
  async page({ width = 1280, height = 800, language = 'vi', theme = 'light', touch = false, motion = 'no-preference' } = {}) {
    const context = await this.browser.newContext({
      viewport: { width, height }, colorScheme: theme, locale: language === 'vi' ? 'vi-VN' : 'en-GB', timezoneId: 'Asia/Ho_Chi_Minh', hasTouch: touch,
      reducedMotion: motion,
    })
    this.contexts.push(context)
    await context.addInitScript(([l, t]) => {
      localStorage.setItem('lectern.language', l)
      localStorage.setItem('lectern.theme', t)
    }, [language, theme])
    const page = await context.newPage()
    page.setDefaultTimeout(PATIENCE)
    page.complaints = []
    page.on('pageerror', (e) => page.complaints.push(`error: ${e.stack ?? e}`))
    page.on('console', (m) => {
      if (m.type() === 'error' && !/^(Failed to load resource|WebSocket connection)/.test(m.text())) page.complaints.push(`console: ${m.text()}`)
    })
    return page
  }

  // Signs in as a person would not notice: through the same request as the page's form, in the same browser.
  async signedIn(name, options) {
    const page = await this.page(options)
    const answer = await page.context().request.post(`${this.url}/api/sign-in`, {
      headers: { Origin: this.url }, data: { name, secret: PEOPLE[name].secret },
    })
    if (!answer.ok()) throw new Error(`sign-in: ${answer.status()} ${await answer.text()}`)
    return page
  }

  async at(name, path = '', options) {
    const page = await this.signedIn(name, options)
    await page.goto(`${this.url}/r/${this.roomName}${path}`)
    return page
  }

  async close() {
    await Promise.all(this.contexts.map((c) => c.close().catch(() => {})))
    await this.browser?.close()
    this.network?.close()
    for (const p of [...this.programs].reverse()) await p.end()
    const complaints = this.programs.map((p) => p.text()).filter((t) => /Sanitizer|runtime error:/.test(t))
    if (!process.env.LECTERN_KEEP) rmSync(this.folder, { recursive: true, force: true })
    if (complaints.length) throw new Error(complaints.join('\n').slice(0, 4000))
  }
}

// What axe finds wrong with the page as it is, in words.
export async function axe(page) {
  await page.evaluate(AXE)
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  }))
  return violations.map((v) => `${v.id} (${v.impact}): ${v.help}: ${v.nodes.slice(0, 3).map((n) => `${n.target.join(' ')} ${n.failureSummary?.split('\n')[1] ?? ''}`).join(' | ')}`)
}
