// Builds the pages: node build.mjs --out DIR [--modules DIR with node_modules]
//
// Writes DIR/index.html, DIR/assets/<name>-<hash>.{js,css}, each with .gz and .br beside it, and DIR/manifest.json, which is
// all that the gateway knows of the pages. Prints what a browser loads for each page, and fails when the teacher console
// is larger than it may be.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const here = dirname(fileURLToPath(import.meta.url))
const { values: args } = parseArgs({
  options: { out: { type: 'string' }, modules: { type: 'string' } },
})
if (!args.out) {
  console.error('usage: node build.mjs --out DIR [--modules DIR]')
  process.exit(2)
}
const out = resolve(args.out)
const modules = resolve(args.modules ?? here)
const esbuild = createRequire(join(modules, 'package.json'))('esbuild')

const TEACHER_LIMIT = 60_000 // bytes, gzip: everything that the teacher console loads
const TYPES = { js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8', html: 'text/html; charset=utf-8' }

const common = {
  bundle: true,
  minify: true,
  write: false,
  metafile: true,
  charset: 'utf8',
  legalComments: 'none',
  target: ['es2021', 'chrome94', 'firefox93', 'safari15'],
  absWorkingDir: here,
  nodePaths: [join(modules, 'node_modules')],
  outdir: join(out, 'assets'),
  entryNames: '[name]-[hash]',
  chunkNames: 'chunk-[hash]',
  logLevel: 'warning',
}

// Files of one build, by their name without the hash.
const assets = []
function take(result) {
  const names = {}
  for (const file of result.outputFiles) {
    const name = file.path.slice(out.length + 1)
    assets.push({ name, bytes: Buffer.from(file.contents) })
  }
  for (const [path, meta] of Object.entries(result.metafile.outputs)) {
    const name = resolve(here, path).slice(out.length + 1)
    if (meta.entryPoint) names[meta.entryPoint] = name
  }
  return names
}

// Styles first: a page that brings its own asks for it by its hashed name.
const styles = take(
  await esbuild.build({
    ...common,
    entryPoints: ['main', 'lab', 'technician'].map((s) => `src/style/${s}.css`).filter((s) => existsSync(join(here, s))),
  }),
)
const define = {
  STYLES: JSON.stringify(
    Object.fromEntries(Object.entries(styles).map(([from, to]) => [from.slice('src/style/'.length, -4), `/${to}`])),
  ),
}
const early = take(await esbuild.build({ ...common, entryPoints: ['src/early.js'], format: 'iife' }))
const result = await esbuild.build({ ...common, entryPoints: ['src/main.js'], format: 'esm', splitting: true, define })
const scripts = take(result)

// The name of a build: it changes when any asset does. The page compares it with what the gateway says.
const build = createHash('sha256')
  .update(assets.map((a) => a.name).sort().join('\n'))
  .update(readFileSync(join(here, 'src/index.html')))
  .digest('hex')
  .slice(0, 16)

function outputOf(name) {
  const found = Object.entries(result.metafile.outputs).find(([path]) => resolve(here, path) === join(out, name))
  return found[1]
}
// What `name` loads by itself, itself included.
function closure(name, seen = new Set()) {
  if (seen.has(name)) return seen
  seen.add(name)
  for (const i of outputOf(name).imports)
    if (i.kind === 'import-statement') closure(resolve(here, i.path).slice(out.length + 1), seen)
  return seen
}
function outputWith(source) {
  const found = Object.entries(result.metafile.outputs).find(([, meta]) => meta.entryPoint === source)
  return found && resolve(here, found[0]).slice(out.length + 1)
}

const main = scripts['src/main.js']
const html = readFileSync(join(here, 'src/index.html'), 'utf8')
  .replace('%build%', build)
  .replace('%style%', `/${styles['src/style/main.css']}`)
  .replace('%early%', `/${early['src/early.js']}`)
  .replace('%main%', `/${main}`)
  .replace(
    '%preload%',
    // the teacher console too: it is what nearly everybody opens
    [...closure(outputWith('src/teacher/index.js'), closure(main))]
      .filter((n) => n !== main)
      .map((n) => `<link rel="modulepreload" href="/${n}">`)
      .join('\n'),
  )
assets.push({ name: 'index.html', bytes: Buffer.from(html) })

// Written whole beside the old ones, the manifest last: a gateway that reads it finds all it names.
mkdirSync(join(out, 'assets'), { recursive: true })
const sizes = new Map()
const files = []
for (const { name, bytes } of assets) {
  const type = TYPES[name.split('.').pop()]
  const gzip = gzipSync(bytes, { level: 9 })
  const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } })
  writeFileSync(join(out, name), bytes)
  writeFileSync(join(out, `${name}.gz`), gzip)
  writeFileSync(join(out, `${name}.br`), brotli)
  sizes.set(name, gzip.length)
  files.push({ path: `/${name}`, file: name, type, gzip: true, br: true, immutable: name !== 'index.html' })
}
files.sort((a, b) => (a.path < b.path ? -1 : 1))
writeFileSync(join(out, 'manifest.json'), `${JSON.stringify({ build, files, page: 'index.html' }, null, 1)}\n`)
const wanted = new Set(files.flatMap(({ file }) => [file, `${file}.gz`, `${file}.br`]))
for (const name of readdirSync(join(out, 'assets')))
  if (!wanted.has(`assets/${name}`)) rmSync(join(out, 'assets', name))

// What each page costs a browser that has nothing yet.
let failed = false
for (const page of ['sign-in', 'teacher', 'lab', 'technician']) {
  const entry = outputWith(`src/${page}/index.js`)
  if (!entry) continue
  const loaded = new Set(['index.html', early['src/early.js'], styles['src/style/main.css'], ...closure(main), ...closure(entry)])
  for (const words of ['common', page]) {
    const chunk = outputWith(`src/messages/${words}.vi.js`)
    if (chunk) closure(chunk).forEach((n) => loaded.add(n))
  }
  if (styles[`src/style/${page}.css`]) loaded.add(styles[`src/style/${page}.css`])
  const bytes = [...loaded].reduce((sum, n) => sum + sizes.get(n), 0)
  console.log(`${page.padEnd(10)} ${(bytes / 1000).toFixed(1).padStart(6)} kB gzip in ${loaded.size} files`)
  if (page === 'teacher' && bytes > TEACHER_LIMIT) {
    console.error(`the teacher console has ${bytes} bytes, at most ${TEACHER_LIMIT} are allowed`)
    failed = true
  }
}
process.exit(failed ? 1 : 0)
