// Order, search, numbers and times as Vietnamese readers expect them, and catalogues that say the same in both languages.
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { compare, fold, matches } from '../../web/pages/src/lib/collate.js'
import { date, durationParts, formatNumber, time, unit, withUnit } from '../../web/pages/src/lib/format.js'
import { typedNumber } from '../../web/pages/src/lab/plan.js'
import { parse, pathOf } from '../../web/pages/src/lib/paths.js'
import { initials, sorted } from '../../web/pages/src/sign-in/names.js'

test('words stand in the order of a Vietnamese dictionary, numbers by value', () => {
  const words = ['đèn', 'dây', 'dấu', 'ấm', 'an', 'ăn', 'ân', 'tiết 10', 'tiết 9', 'zebra', 'e', 'ê']
  assert.deepEqual([...words].sort((a, b) => compare(a, b)), ['an', 'ăn', 'ấm', 'ân', 'dấu', 'dây', 'đèn', 'e', 'ê', 'tiết 9', 'tiết 10', 'zebra'])
})

test('people are in order of their given names', () => {
  const people = ['Nguyễn Thị Lan', 'Bùi Bình An', 'Đỗ Quân', 'Lê Ánh', 'Trần Lan'].map((label, i) => ({ name: `p${i}`, label }))
  assert.deepEqual(sorted(people).map((p) => p.label), ['Bùi Bình An', 'Lê Ánh', 'Nguyễn Thị Lan', 'Trần Lan', 'Đỗ Quân'])
})

test('a title is no part of a name', () => {
  const cases = [
    ['Cô Nguyễn Thị Lan', 'NL'], ['Thầy Trần Bình', 'TB'], ['Kỹ thuật viên Phạm Kỳ', 'PK'], ['PGS.TS. Đỗ Quân', 'ĐQ'], ['ThS Lê Ánh (Toán)', 'LÁ'],
    ['Nguyễn Văn An - Tổ Lý', 'NA'], ['đặng Thị Dung', 'ĐD'], ['Cô Lan', 'L'], ['Hoà', 'H'], ['Khách', 'K'], ['Thầy', 'T'], ['Kỹ thuật viên', 'KV'],
    ['Anh Thư', 'T'], ['Lê Anh', 'LA'], ['Ms. Jane Smith', 'JS'], ['Dr John R. Doe', 'JD'], ['binh', 'B'], ['', ''],
  ]
  for (const [label, wanted] of cases) assert.equal(initials(label), wanted, label)
  const people = ['Thầy Lê Lan', 'Cô Vũ Lan', 'Bùi An (Hóa)', 'Nguyễn Thị Hoa'].map((label, i) => ({ name: `p${i}`, label }))
  assert.deepEqual(sorted(people).map((p) => p.label), ['Bùi An (Hóa)', 'Nguyễn Thị Hoa', 'Thầy Lê Lan', 'Cô Vũ Lan'])
})

test('a word without marks finds every marking, one with marks only itself', () => {
  assert.ok(matches('Máy chiếu phụ', 'may chieu'))
  assert.ok(matches('Máy chiếu phụ', 'phụ máy'))
  assert.ok(!matches('Máy chiếu', 'mây'))
  assert.ok(matches('Đèn lớp', 'den'))
  assert.ok(!matches('Den', 'đèn'))
  assert.ok(matches('Bảng', 'ba\u0309ng')) // typed with a combining mark
  assert.ok(matches('bất kỳ', ''))
  assert.equal(fold('ĐƯỜNG'), 'duong')
})

test('numbers have a decimal comma in Vietnamese', () => {
  assert.equal(formatNumber('vi', 1234.5), '1.234,5')
  assert.equal(formatNumber('en', 1234.5), '1,234.5')
  assert.equal(formatNumber('vi', 2, 1), '2,0')
  assert.equal(formatNumber('vi', null), '–')
  assert.equal(formatNumber('vi', NaN), '–')
  assert.equal(formatNumber('vi', 12345.6, 1, false), '12345,6') // as somebody would type it
  assert.equal(formatNumber('en', 1.5, 1, false), '1.5')
  assert.equal(unit('Cel'), '°C')
  assert.equal(unit('furlong'), 'furlong')
})

test('a number below zero has a true minus sign, one rounded to nothing has none', () => {
  for (const language of ['vi', 'en']) assert.equal(formatNumber(language, -12), '\u221212')
  assert.equal(formatNumber('vi', -17.5, 1), '\u221217,5')
  assert.equal(formatNumber('vi', -0.04, 1), '0,0')
  assert.equal(formatNumber('en', -0), '0')
  assert.equal(typedNumber(formatNumber('vi', -1234.5, 1, false)), -1234.5)
})

test('a value and its unit stay on one line', () => {
  assert.equal(withUnit('25,4', 'Cel'), '25,4\u00a0°C')
  assert.equal(withUnit('55', '%'), '55\u00a0%')
  assert.equal(withUnit('90', 'deg'), '90°')
  assert.equal(withUnit('7', ''), '7')
  assert.equal(withUnit('7', '1'), '7')
})

test('days are dd/mm/yyyy, times have 24 hours', () => {
  const us = new Date(2026, 10, 3, 9, 5, 7).getTime() * 1000
  assert.equal(date(us), '03/11/2026')
  assert.equal(time(us), '09:05')
  assert.equal(time(us, true), '09:05:07')
  assert.equal(time(new Date(2026, 0, 1, 21, 30).getTime() * 1000), '21:30')
})

test('a duration is told by its two largest parts', () => {
  assert.deepEqual(durationParts(80_000), [['minutes', 1], ['seconds', 20]])
  assert.deepEqual(durationParts(3_600_000), [['hours', 1]])
  assert.deepEqual(durationParts(90_061_000), [['days', 1], ['hours', 1]])
  assert.deepEqual(durationParts(-5), [['seconds', 0]])
})

test('addresses name pages, anything else is no page', () => {
  assert.deepEqual(parse('/r/phong-201/lab'), { page: 'lab', room: 'phong-201' })
  assert.deepEqual(parse('/r/phong-201'), { page: 'teacher', room: 'phong-201' })
  assert.equal(parse('/r/../etc').page, 'nowhere')
  assert.equal(parse('/r/Phong').page, 'nowhere')
  for (const [page, room] of [['teacher', 'a'], ['lab', 'b-1'], ['technician', 'c'], ['sign-in', null]])
    assert.deepEqual(parse(pathOf(page, room)), { page, room })
})

test('both languages have the same texts with the same places in them', async () => {
  const folder = new URL('../../web/pages/src/messages/', import.meta.url)
  const pages = readdirSync(folder).filter((f) => f.endsWith('.vi.js')).map((f) => f.slice(0, -6))
  assert.ok(pages.length >= 5)
  const places = (text) => [...new Set([text].flat().flatMap((t) => t.match(/\{\w+\}/g) ?? []))].sort()
  for (const page of pages) {
    const vi = (await import(new URL(`${page}.vi.js`, folder))).default
    const en = (await import(new URL(`${page}.en.js`, folder))).default
    assert.deepEqual(Object.keys(en).sort(), Object.keys(vi).sort(), page)
    for (const key of Object.keys(vi)) assert.deepEqual(places(en[key]), places(vi[key]), key)
  }
})
