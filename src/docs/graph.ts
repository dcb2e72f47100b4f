import { type Html, html } from "./html.ts"
import { type Layout, layout, nodeHeight } from "./layout.ts"

/** A table, or a page on which tables are looked at, and what it is made of. */
export interface GraphNode {
  readonly id: string
  readonly kind: "dataset" | "model" | "lake" | "exposure"
  readonly name: string
  /** Where it is told of, from a page of the site. */
  readonly href: string
  readonly parents: ReadonlyArray<string>
}

/** Of a graph, whose nodes stand behind those that they are made of: one node, all that it is made of, and all that is made of it. */
export const around = (nodes: ReadonlyArray<GraphNode>, id: string): ReadonlyArray<GraphNode> => {
  const above = new Set([id])
  for (const node of nodes.toReversed()) if (above.has(node.id)) for (const parent of node.parents) above.add(parent)
  const below = new Set([id])
  for (const node of nodes) if (node.parents.some((parent) => below.has(parent))) below.add(node.id)
  return nodes.filter((node) => above.has(node.id) || below.has(node.id))
}

/** Letters of a name that are drawn: the whole of it is told beside. */
const shownLetters = 32
/** Width of a letter in the drawing's font, and of a mark with what is beside it. */
const letterWidth = 7.5
const padding = 38

const kindWords: { readonly [kind in GraphNode["kind"]]: string } = {
  dataset: "dataset",
  model: "model",
  lake: "table of the lake",
  exposure: "looked at in"
}

const labelOf = ({ name }: GraphNode): string => {
  const letters = [...name]
  return letters.length > shownLetters ? `${letters.slice(0, shownLetters - 1).join("")}…` : name
}

/** Letters of most scripts of Asia are two others wide. */
const widthOf = (label: string): number =>
  Math.ceil([...label].reduce((sum, letter) => sum + (/[\u1100-\uffdc\u{1f000}-\u{3ffff}]/u.test(letter) ? 2 : 1), 0) * letterWidth) +
  padding

/** Draws a graph from left to right, each node a link. @param current the node that the page is about; null: it is about none */
export const drawing = (nodes: ReadonlyArray<GraphNode>, title: string, current: string | null): Html => {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const labels = new Map(nodes.map((node) => [node.id, labelOf(node)]))
  const placed = layout(nodes.map(({ id, parents }) => ({ id, parents, width: widthOf(labels.get(id) ?? "") })))
  return html`<figure>
<div class="scroll graph" role="region" aria-label="${title}" tabindex="0">
<svg role="group" aria-labelledby="graph-title graph-text" width="${placed.width}" height="${placed.height}" viewBox="0 0 ${placed.width} ${placed.height}">
<title id="graph-title">${title}</title>
<desc id="graph-text">${nodes.length} nodes from left to right, each behind those that it is made of, and a link to where it is told of. ${placed.edges.length} lines join them.</desc>
<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto"><path class="head" d="M0 0 8 4 0 8z"/></marker></defs>
${placed.edges.map(({ points, from, to }) => html`<path class="edge${from === current || to === current ? " near" : ""}" marker-end="url(#arrow)" d="${curve(points)}"/>\n`)}${placed.nodes.map(
  (place) => {
    const node = byId.get(place.id)
    return node === undefined ? null : nodeOf(node, labels.get(node.id) ?? "", place, node.id === current)
  }
)}</svg>
</div>
<figcaption>${legend(nodes)}</figcaption>
</figure>
`
}

const nodeOf = (node: GraphNode, label: string, { x, y, width }: Layout["nodes"][number], isCurrent: boolean): Html => {
  const middle = y + nodeHeight / 2
  const words = `${node.name}, ${kindWords[node.kind]}`
  return html`<a class="node ${node.kind}${isCurrent ? " current" : ""}" href="${node.href}" aria-label="${words}"${isCurrent ? html` aria-current="page"` : null}><title>${words}</title><rect x="${x}" y="${y}" width="${width}" height="${nodeHeight}" rx="6"/>${mark(node.kind, x + 16, middle)}<text x="${x + 28}" y="${middle + 4}">${label}</text></a>
`
}

/** What kind a node is of, by a form and not by its colour alone. */
const mark = (kind: GraphNode["kind"], x: number, y: number): Html => {
  switch (kind) {
    case "dataset":
      return html`<circle class="mark" cx="${x}" cy="${y}" r="5"/>`
    case "model":
      return html`<rect class="mark" x="${x - 4.5}" y="${y - 4.5}" width="9" height="9"/>`
    case "lake":
      return html`<path class="mark" d="M${x} ${y - 6}l6 6-6 6-6-6z"/>`
    case "exposure":
      return html`<path class="mark" d="M${x - 5} ${y - 5}l10 5-10 5z"/>`
  }
}

const legend = (nodes: ReadonlyArray<GraphNode>): Html => {
  const forms: ReadonlyArray<readonly [GraphNode["kind"], string]> = [
    ["dataset", "● dataset"],
    ["lake", "◆ table of the lake"],
    ["model", "■ model"],
    ["exposure", "▶ where models are looked at"]
  ]
  const kinds = new Set(nodes.map(({ kind }) => kind))
  const there = forms.filter(([kind]) => kinds.has(kind))
  return html`${there.map(([kind, words], i) => html`${i === 0 ? "" : " · "}<span class="${kind}">${words}</span>`)}. Each is made of what stands to its left.`
}

/** A line through points that is level at each of them. */
const curve = (points: ReadonlyArray<readonly [number, number]>): string =>
  points
    .map(([x, y], i) => {
      const [px, py] = points[i - 1] ?? [x, y]
      if (i === 0) return `M${x} ${y}`
      if (py === y) return `H${x}`
      const bend = (px + x) / 2
      return `C${bend} ${py} ${bend} ${y} ${x} ${y}`
    })
    .join("")
