import { describe, expect, it } from "vitest"
import { type Layout, type LayoutNode, layout } from "../../src/docs/layout.ts"

/** Numbers from 0 to 1, the same each time. */
const numbers = (seed: number) => () => {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
  return seed / 2_147_483_648
}

const randomGraph = (seed: number, size: number): ReadonlyArray<LayoutNode> => {
  const next = numbers(seed)
  return Array.from({ length: size }, (_, i) => ({
    id: `n${i}`,
    width: 40 + Math.floor(next() * 200),
    parents: Array.from({ length: Math.floor(next() * 4) }, () => `n${Math.floor(next() * i)}`).filter(() => i > 0)
  }))
}

const overlaps = ({ nodes }: Layout): ReadonlyArray<string> =>
  nodes.flatMap((a, i) =>
    nodes
      .slice(i + 1)
      .flatMap((b) =>
        a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height ? [`${a.id} ${b.id}`] : []
      )
  )

/** Nodes that an edge goes through that is not theirs: it is level within layers, and bends only between them. */
const crossed = ({ nodes, edges }: Layout): ReadonlyArray<string> =>
  edges.flatMap(({ from, to, points }) =>
    points.slice(1).flatMap(([x, y], i) => {
      const [px = x, py = y] = points[i] ?? []
      return nodes.flatMap((node) => {
        if (node.id === from || node.id === to || node.x + node.width <= px || node.x >= x) return []
        const low = Math.min(y, py)
        const high = Math.max(y, py)
        return high > node.y && low < node.y + node.height ? [`${from} ${to} through ${node.id}`] : []
      })
    })
  )

describe("the layout of a graph", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])("has no node on another, no edge through a node, and all within its frame (%i)", (seed) => {
    const graph = randomGraph(seed, 10 * seed)
    const placed = layout(graph)
    expect(placed.nodes).toHaveLength(graph.length)
    expect(overlaps(placed)).toEqual([])
    expect(crossed(placed)).toEqual([])
    for (const { x, y, width, height } of placed.nodes) {
      expect(Math.min(x, y)).toBeGreaterThanOrEqual(0)
      expect(x + width).toBeLessThanOrEqual(placed.width)
      expect(y + height).toBeLessThanOrEqual(placed.height)
    }
    for (const [, y] of placed.edges.flatMap(({ points }) => points)) expect(y >= 0 && y <= placed.height).toBe(true)
    expect(layout(graph)).toEqual(placed)
  })

  it("puts each node behind all that it is made of, and draws each edge once", () => {
    const graph = randomGraph(9, 40)
    const { nodes, edges } = layout(graph)
    const xOf = new Map(nodes.map(({ id, x }) => [id, x]))
    const wanted = graph.flatMap(({ id, parents }) => [...new Set(parents)].map((parent) => `${parent} ${id}`))
    expect(edges.map(({ from, to }) => `${from} ${to}`).sort()).toEqual(wanted.sort())
    for (const { from, to } of edges) expect(xOf.get(from)).toBeLessThan(xOf.get(to) ?? 0)
  })

  it("uncrosses what can be uncrossed, and passes over what is not there", () => {
    const placed = layout([
      { id: "a", width: 10, parents: [] },
      { id: "b", width: 10, parents: [] },
      { id: "of b", width: 10, parents: ["b", "nobody"] },
      { id: "of a", width: 10, parents: ["a"] },
      { id: "self", width: 10, parents: ["self"] }
    ])
    const y = (id: string) => placed.nodes.find((node) => node.id === id)?.y ?? 0
    expect(y("of a") < y("of b")).toBe(y("a") < y("b"))
    expect(placed.edges).toHaveLength(2)
    expect(layout([])).toEqual({ nodes: [], edges: [], width: 0, height: 0 })
  })
})
