// A person with a keyboard and no pointer: the focus goes where Tab takes it or where the page puts it, and wherever it stands it can be seen.
import assert from 'node:assert/strict'
import { until } from './stage.mjs'

// What has the focus: `is` tells whether that is the element; `seen`, that there is a ring, and that it is on the screen.
const look = (locator) =>
  locator.first().evaluate((wanted) => {
    const e = document.activeElement
    if (!e || e === document.body) return { name: '', tag: 'BODY', is: false, seen: true }
    // a radio button is drawn as its label
    const drawn = e.closest('.choice-option') ?? e
    const style = getComputedStyle(drawn)
    const box = drawn.getBoundingClientRect()
    // inside a field for dates the browser itself shows which of its parts has the focus
    const ring = (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || e.type === 'datetime-local'
    const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth
    const name = e.getAttribute('aria-label') ?? e.labels?.[0]?.textContent ?? e.textContent ?? ''
    return { name: name.trim().slice(0, 60), tag: e.tagName, is: e === wanted, seen: ring && inside }
  })

export const has = async (page, locator) => (await locator.count()) > 0 && (await locator.first().evaluate((e) => e === document.activeElement))

// Moves the focus by Tab, however often; `back`: by Shift+Tab.
export async function tabTo(page, locator, { back = false, most = 200 } = {}) {
  await locator.first().waitFor()
  if (await has(page, locator)) return
  const passed = []
  for (let i = 0; i < most; i++) {
    await page.keyboard.press(back ? 'Shift+Tab' : 'Tab')
    const at = await look(locator)
    assert.ok(at.seen, `the focus cannot be seen on ${at.tag} "${at.name}"`)
    if (at.is) return
    passed.push(`${at.tag} ${at.name.slice(0, 20)}`)
  }
  throw new Error(`not reached by Tab: ${locator}; passed ${passed.slice(0, 60).join(', ')}`)
}

export async function press(page, locator, key = 'Enter', options) {
  await tabTo(page, locator, options)
  await page.keyboard.press(key)
}

// Types into a field in place of what stands there.
export async function fill(page, locator, text, options) {
  await tabTo(page, locator, options)
  await page.keyboard.press('ControlOrMeta+a')
  await page.keyboard.type(text)
}

// Chooses in a list by the arrows, as they come.
export async function choose(page, locator, value, options) {
  await tabTo(page, locator, options)
  for (const key of ['ArrowDown', 'ArrowUp'])
    for (let i = 0, was = null; i < 60; i++) {
      const now = await locator.inputValue()
      if (now === value) return
      if (now === was) break // the end of the list
      was = now
      await page.keyboard.press(key)
    }
  throw new Error(`no ${value} in ${locator}`)
}

// Goes along a group of radio buttons until `name` is the chosen one. Tab enters a group at the chosen one.
export async function radio(page, group, name, options) {
  await tabTo(page, group.getByRole('radio', { checked: true }), options)
  const wanted = group.getByRole('radio', { name, exact: true })
  const n = await group.getByRole('radio').count()
  for (let i = 0; i < n && !(await wanted.isChecked()); i++) await page.keyboard.press('ArrowRight')
  assert.equal(await wanted.isChecked(), true, String(name))
  await gets(page, wanted)
}

// Goes along tabs.
export async function tab(page, name) {
  const wanted = page.getByRole('tab', { name })
  const list = page.getByRole('tablist').filter({ has: wanted })
  await tabTo(page, list.getByRole('tab', { selected: true }))
  const n = await list.getByRole('tab').count()
  for (let i = 0; i < n && (await wanted.getAttribute('aria-selected')) !== 'true'; i++) await page.keyboard.press('ArrowRight')
  assert.equal(await wanted.getAttribute('aria-selected'), 'true', String(name))
  await gets(page, wanted)
}

// What had the focus is gone, and it is not lost.
export const stays = (page) => until(() => page.evaluate(() => document.activeElement !== document.body), 'the focus to stay on the page')

// The page puts the focus there by itself.
export const gets = (page, locator, what = `the focus on ${locator}`) => until(() => has(page, locator), what)

// A dialog opens and has the focus inside; Escape closes it and the focus is where it came from.
export async function opensAndCloses(page, opener) {
  await press(page, opener)
  const dialog = page.getByRole('dialog')
  await dialog.waitFor()
  await until(() => dialog.evaluate((e) => e.contains(document.activeElement)), 'the focus in the dialog')
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  await gets(page, opener)
}
