// Makes the picture of a page small enough to be kept in the repository: the 256 commonest colours, each other pixel the nearest of them.
// Reads what Chromium writes: 8 bits a channel, RGB or RGBA, not interlaced.
import { deflateSync, inflateSync } from 'node:zlib'

const COLOURS = 256
const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')

function chunks(png) {
  const found = { IDAT: [] }
  for (let at = SIGNATURE.length; at < png.length;) {
    const size = png.readUInt32BE(at)
    const type = png.toString('latin1', at + 4, at + 8)
    const data = png.subarray(at + 8, at + 8 + size)
    if (type === 'IDAT') found.IDAT.push(data)
    else found[type] = data
    at += size + 12
  }
  return found
}

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1
  return n
})
// zlib has it from node 20.15 on; Debian's is older
const crc32 = (data) => ~data.reduce((c, byte) => CRC[(c ^ byte) & 255] ^ (c >>> 8), -1) >>> 0

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const ends = Buffer.alloc(8)
  ends.writeUInt32BE(data.length, 0)
  ends.writeUInt32BE(crc32(body), 4)
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)])
}

const paeth = (a, b, c) => {
  const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)]
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c
}

// {width, height, pixels: one 24 bit number each}
function decode(png) {
  const { IHDR, IDAT } = chunks(png)
  const [width, height, depth, type, interlaced] = [IHDR.readUInt32BE(0), IHDR.readUInt32BE(4), IHDR[8], IHDR[9], IHDR[12]]
  if (depth !== 8 || (type !== 2 && type !== 6) || interlaced) throw new Error('not a picture of the expected kind')
  const bytes = type === 2 ? 3 : 4
  const row = width * bytes
  const raw = inflateSync(Buffer.concat(IDAT))
  const pixels = new Uint32Array(width * height)
  let above = new Uint8Array(row)
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (row + 1)]
    const line = Uint8Array.from(raw.subarray(y * (row + 1) + 1, (y + 1) * (row + 1)))
    for (let x = 0; x < row; x++) {
      const a = x < bytes ? 0 : line[x - bytes]
      const c = x < bytes ? 0 : above[x - bytes]
      line[x] += [0, a, above[x], (a + above[x]) >> 1, filter === 4 ? paeth(a, above[x], c) : 0][filter]
    }
    for (let x = 0; x < width; x++) pixels[y * width + x] = (line[x * bytes] << 16) | (line[x * bytes + 1] << 8) | line[x * bytes + 2]
    above = line
  }
  return { width, height, pixels }
}

const distance = (a, b) => ((a >> 16) - (b >> 16)) ** 2 + (((a >> 8) & 255) - ((b >> 8) & 255)) ** 2 + ((a & 255) - (b & 255)) ** 2

export function smaller(png) {
  const { width, height, pixels } = decode(png)
  const counts = new Map()
  for (const p of pixels) counts.set(p, (counts.get(p) ?? 0) + 1)
  const palette = [...counts].sort((a, b) => b[1] - a[1]).slice(0, COLOURS).map(([colour]) => colour)
  const index = new Map(palette.map((colour, i) => [colour, i]))
  for (const colour of counts.keys()) {
    if (index.has(colour)) continue
    let best = 0
    for (let i = 1; i < palette.length; i++) if (distance(palette[i], colour) < distance(palette[best], colour)) best = i
    index.set(colour, best)
  }
  const lines = Buffer.alloc(height * (width + 1))
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) lines[y * (width + 1) + 1 + x] = index.get(pixels[y * width + x])
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head[8] = 8
  head[9] = 3
  return Buffer.concat([SIGNATURE, chunk('IHDR', head), chunk('PLTE', Buffer.from(palette.flatMap((c) => [c >> 16, (c >> 8) & 255, c & 255]))),
    chunk('IDAT', deflateSync(lines, { level: 9 })), chunk('IEND', Buffer.alloc(0))])
}
