// The samples of a run as a table: a row is a time of the fastest channel, the others have their sample where it is at most half of
// their own interval away. Nothing is made up. Pure.

// channels: as run.read gives them; order: names. Gives [{t, values: [number | null], gap}] in order of time.
export function rowsOf(channels, order) {
  const list = order.map((name) => channels.find((c) => c.channel === name) ?? { t: [], value: [], gaps: [] })
  const lead = list.reduce((best, c, i) => (c.t.length > list[best].t.length ? i : best), 0)
  const base = list[lead]
  const gaps = new Set((base.gaps ?? []).map((g) => g[0]))
  const at = list.map(() => 0)
  const half = list.map((c) => (c.t.length > 1 ? (c.t[c.t.length - 1] - c.t[0]) / (c.t.length - 1) / 2 : Infinity))
  return base.t.map((t, row) => ({
    t,
    gap: gaps.has(t),
    values: list.map((c, i) => {
      if (i === lead) return c.value[row]
      while (at[i] + 1 < c.t.length && Math.abs(c.t[at[i] + 1] - t) <= Math.abs(c.t[at[i]] - t)) at[i]++
      const k = at[i]
      // one sample stands in one row only: that which is nearest
      const own = base.t.length > 1 ? (base.t[base.t.length - 1] - base.t[0]) / (base.t.length - 1) / 2 : Infinity
      return c.t.length && Math.abs(c.t[k] - t) <= Math.min(half[i], own) * 1.0001 ? c.value[k] : null
    }),
  }))
}
