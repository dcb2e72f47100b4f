import type { Plot } from "../bench.ts"
import { cellText } from "./text.ts"

/** Plots as SVG, coloured by the page's own variables, so that one drawing serves light and dark. */
export const svgOf = (plot: Plot): string => (plot.kind === "bars" ? bars(plot) : lines(plot))

export const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")

const width = 720
const left = 170
const right = 70
const barHeight = 18
const colour = (series: number): string => `var(--series-${(series % 4) + 1})`

const highest = (plot: Plot): number =>
  Math.max(plot.target ?? 0, ...plot.series.flatMap(({ values }) => values.map((value) => value ?? 0)), Number.MIN_VALUE)

const frame = (plot: Plot, height: number, content: string): string =>
  `<figure><figcaption>${escaped(plot.title)} <small>(${escaped(plot.unit)})</small></figcaption>${legend(plot)}
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(plot.title)}">${content}</svg></figure>`

const legend = ({ series }: Plot): string =>
  series.length < 2
    ? ""
    : `<p class="legend">${series.map(({ name }, i) => `<span><i style="background:${colour(i)}"></i>${escaped(name)}</span>`).join(" ")}</p>`

/** A group of horizontal bars for each label. */
const bars = (plot: Plot): string => {
  const scale = (width - left - right) / highest(plot)
  const group = plot.series.length * barHeight + 8
  const height = plot.labels.length * group + 4
  const drawn = plot.labels.map((label, row) => {
    const top = row * group + 4
    const each = plot.series.map(({ values }, i) => {
      const value = values[row] ?? null
      if (value === null) return ""
      const y = top + i * barHeight
      return `<rect x="${left}" y="${y}" width="${(value * scale).toFixed(1)}" height="${barHeight - 3}" fill="${colour(i)}"/><text x="${(left + value * scale + 6).toFixed(1)}" y="${y + barHeight - 6}">${cellText(value)}</text>`
    })
    return `<text x="${left - 8}" y="${top + (group - 8) / 2 + 3}" text-anchor="end">${escaped(label)}</text>${each.join("")}`
  })
  const target =
    plot.target === undefined
      ? ""
      : `<line class="target" x1="${left + plot.target * scale}" x2="${left + plot.target * scale}" y1="0" y2="${height}"/>`
  return frame(plot, height, drawn.join("") + target)
}

/** Values over labels that are evenly spread, from zero up. */
const lines = (plot: Plot): string => {
  const height = 240
  const bottom = height - 24
  const x = (i: number) => 60 + (i * (width - 60 - right)) / Math.max(1, plot.labels.length - 1)
  const top = highest(plot) * 1.1
  const y = (value: number) => bottom - (value / top) * (bottom - 12)
  const grid = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const at = y(share * top)
    return `<line class="grid" x1="60" x2="${width - right}" y1="${at}" y2="${at}"/><text x="52" y="${at + 4}" text-anchor="end">${cellText(share * top)}</text>`
  })
  const labels = plot.labels.map((label, i) => `<text x="${x(i)}" y="${height - 6}" text-anchor="middle">${escaped(label)}</text>`)
  const drawn = plot.series.map(({ values }, s) => {
    const points = values.flatMap((value, i) => (value === null ? [] : [{ x: x(i), y: y(value), value }]))
    return `<polyline fill="none" stroke="${colour(s)}" stroke-width="2" points="${points.map((p) => `${p.x},${p.y}`).join(" ")}"/>${points
      .map((p) => `<circle cx="${p.x}" cy="${p.y}" r="3.5" fill="${colour(s)}"><title>${cellText(p.value)}</title></circle>`)
      .join("")}`
  })
  const target =
    plot.target === undefined ? "" : `<line class="target" x1="60" x2="${width - right}" y1="${y(plot.target)}" y2="${y(plot.target)}"/>`
  return frame(plot, height, [...grid, ...labels, ...drawn, target].join(""))
}
