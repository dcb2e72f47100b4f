/** Where things of the graph stand: from left to right, what is read before what is made of it. */
import { Graph, layout } from "@dagrejs/dagre"
import type { Lineage, LineageNode } from "../../api.ts"

export interface Placed {
  readonly node: LineageNode
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface Drawing {
  readonly width: number
  readonly height: number
  readonly nodes: ReadonlyArray<Placed>
  readonly edges: ReadonlyArray<{
    readonly from: string
    readonly to: string
    readonly points: ReadonlyArray<{ readonly x: number; readonly y: number }>
  }>
}

export const sizeOf = ({ kind, name }: LineageNode) => ({
  width: Math.min(260, Math.max(120, name.length * 7.4 + 44)),
  height: kind === "job" ? 34 : 44
})

/** What a node is made of, and what is made of it, by any number of steps. */
export const near = (edges: Lineage["edges"], id: string): ReadonlySet<string> => {
  const reached = new Set([id])
  const walk = (from: string, next: (at: string) => ReadonlyArray<string>) => {
    for (const other of next(from)) {
      if (reached.has(other)) continue
      reached.add(other)
      walk(other, next)
    }
  }
  const before = new Set<string>()
  walk(id, (at) => edges.flatMap(({ from, to }) => (to === at ? [from] : [])))
  for (const each of reached) before.add(each)
  reached.clear()
  reached.add(id)
  walk(id, (at) => edges.flatMap(({ from, to }) => (from === at ? [to] : [])))
  return new Set([...before, ...reached])
}

export const place = ({ nodes, edges }: Pick<Lineage, "nodes" | "edges">): Drawing => {
  const graph = new Graph()
  graph.setGraph({ rankdir: "LR", nodesep: 18, ranksep: 44, marginx: 16, marginy: 16 })
  graph.setDefaultEdgeLabel(() => ({}))
  for (const node of nodes) graph.setNode(node.id, sizeOf(node))
  const known = new Set(nodes.map(({ id }) => id))
  const drawn = edges.filter(({ from, to }) => known.has(from) && known.has(to) && from !== to)
  for (const { from, to } of drawn) graph.setEdge(from, to)
  layout(graph)
  const { width = 0, height = 0 } = graph.graph()
  return {
    width,
    height,
    nodes: nodes.map((node) => {
      const { x, y } = graph.node(node.id)
      return { node, x, y, ...sizeOf(node) }
    }),
    edges: drawn.map(({ from, to }) => ({ from, to, points: graph.edge(from, to).points ?? [] }))
  }
}
