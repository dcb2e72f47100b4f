/** Where the nodes of a graph lie when it is drawn from left to right, in layers. Plain functions: the same graph has the same drawing. */

export interface LayoutNode {
  readonly id: string
  readonly width: number
  /** What it is made of: nodes that stand before it. What does not is passed over, so that there is no circle. */
  readonly parents: ReadonlyArray<string>
}

export interface PlacedNode {
  readonly id: string
  /** Upper left corner. */
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface PlacedEdge {
  readonly from: string
  readonly to: string
  /** Points that the edge goes through: out of the layer of the one node, through those between, and to the other. */
  readonly points: ReadonlyArray<readonly [x: number, y: number]>
}

export interface Layout {
  readonly nodes: ReadonlyArray<PlacedNode>
  readonly edges: ReadonlyArray<PlacedEdge>
  readonly width: number
  readonly height: number
}

export const nodeHeight = 34
/** Between layers, where edges bend. */
const layerGap = 56
/** Between nodes of a layer, and between edges that cross it. */
const nodeGap = 16
const edgeGap = 12
const margin = 12
/** Times that the order within layers is looked at again, and then the places: more change nothing that can be seen. */
const sweeps = 12

/** A node, or the place at which an edge crosses a layer. */
interface Slot {
  readonly layer: number
  readonly width: number
  readonly height: number
  /** Slots that it is joined to, in the layer before and in the one behind. */
  readonly before: Array<Slot>
  readonly behind: Array<Slot>
  /** Place within the layer, from 0, and the middle's height. */
  place: number
  y: number
}

/** Lays a graph out. Nodes in layers by the longest way to them; edges that skip a layer have room of their own in it, so that they cross no node. */
export const layout = (nodes: ReadonlyArray<LayoutNode>): Layout => {
  const slots = new Map<string, Slot>()
  const edges: Array<{ readonly from: string; readonly to: string; readonly chain: ReadonlyArray<Slot> }> = []
  const layers: Array<Array<Slot>> = []
  const put = (layer: number, width: number, height: number): Slot => {
    const slot: Slot = { layer, width, height, before: [], behind: [], place: 0, y: 0 }
    while (layers.length <= layer) layers.push([])
    layers[layer]?.push(slot)
    return slot
  }
  for (const { id, width, parents } of nodes) {
    const known = [...new Set(parents)].flatMap((name) => {
      const slot = slots.get(name)
      return slot === undefined ? [] : [{ name, slot }]
    })
    const own = put(
      known.reduce((layer, { slot }) => Math.max(layer, slot.layer + 1), 0),
      width,
      nodeHeight
    )
    for (const { name, slot } of known) {
      const chain = [slot]
      for (let layer = slot.layer + 1; layer < own.layer; layer++) chain.push(put(layer, 0, 0))
      chain.push(own)
      for (const [i, each] of chain.entries()) {
        const next = chain[i + 1]
        if (next === undefined) continue
        each.behind.push(next)
        next.before.push(each)
      }
      edges.push({ from: name, to: id, chain })
    }
    slots.set(id, own)
  }
  order(layers)
  align(layers)

  const widths = layers.map((layer) => Math.max(0, ...layer.map(({ width }) => width)))
  const lefts = widths.map((_, i) => margin + widths.slice(0, i).reduce((sum, width) => sum + width + layerGap, 0))
  const top = Math.min(...layers.flat().map(({ y, height }) => y - height / 2), 0)
  const leftOf = ({ layer }: Slot) => lefts[layer] ?? 0
  const middleOf = ({ y }: Slot) => Math.round(y - top + margin)
  const placed = nodes.flatMap(({ id }): ReadonlyArray<PlacedNode> => {
    const slot = slots.get(id)
    if (slot === undefined) return []
    return [{ id, x: leftOf(slot), y: middleOf(slot) - nodeHeight / 2, width: slot.width, height: nodeHeight }]
  })
  return {
    nodes: placed,
    edges: edges.map(({ from, to, chain }) => ({
      from,
      to,
      points: chain.flatMap((slot, i): PlacedEdge["points"] => {
        const left = leftOf(slot)
        const y = middleOf(slot)
        // Behind a narrow node it stays level until it has passed the wider ones of the layer.
        const end = left + (widths[slot.layer] ?? 0)
        if (i === chain.length - 1) return [[left, y]]
        return [
          [i === 0 ? left + slot.width : left, y],
          [end, y]
        ]
      })
    })),
    width: placed.length === 0 ? 0 : Math.max(...placed.map(({ x, width }) => x + width)) + margin,
    height: placed.length === 0 ? 0 : Math.max(...layers.flat().map((slot) => middleOf(slot) + slot.height / 2)) + margin
  }
}

/** Orders each layer by what its slots are joined to, so that few edges cross: to and fro, and the best of all that were seen stays. */
const order = (layers: ReadonlyArray<Array<Slot>>): void => {
  const number = () => {
    for (const layer of layers) for (const [i, slot] of layer.entries()) slot.place = i
  }
  const arrange = (layer: Array<Slot>, side: "before" | "behind") => {
    const wanted = new Map(layer.map((slot) => [slot, mean(slot[side].map(({ place }) => place)) ?? slot.place]))
    layer.sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0) || a.place - b.place)
    for (const [i, slot] of layer.entries()) slot.place = i
  }
  number()
  let best = layers.map((layer) => [...layer])
  let fewest = crossings(layers)
  for (let sweep = 0; sweep < sweeps && fewest > 0; sweep++) {
    if (sweep % 2 === 0) for (const layer of layers) arrange(layer, "before")
    else for (const layer of layers.toReversed()) arrange(layer, "behind")
    const now = crossings(layers)
    if (now >= fewest) continue
    fewest = now
    best = layers.map((layer) => [...layer])
  }
  for (const [i, layer] of best.entries()) layers[i]?.splice(0, layer.length, ...layer)
  number()
}

const mean = (numbers: ReadonlyArray<number>): number | null =>
  numbers.length === 0 ? null : numbers.reduce((sum, n) => sum + n, 0) / numbers.length

/** How many pairs of edges between neighbouring layers cross. */
const crossings = (layers: ReadonlyArray<ReadonlyArray<Slot>>): number => {
  let found = 0
  for (const layer of layers) {
    const ends = layer.flatMap((slot) => slot.behind.map(({ place }) => place).sort((a, b) => a - b))
    const starts = layer.flatMap((slot) => slot.behind.map(() => slot.place))
    for (const [i, end] of ends.entries())
      for (let other = i + 1; other < ends.length; other++) if (starts[other] !== starts[i] && (ends[other] ?? 0) < end) found++
  }
  return found
}

/** Moves slots to the height of what they are joined to, as far as the order and the gaps of their layer let them. */
const align = (layers: ReadonlyArray<ReadonlyArray<Slot>>): void => {
  const settle = (layer: ReadonlyArray<Slot>, wanted: ReadonlyArray<number>) => {
    // Without the room that each needs behind the one above it, places only have to rise: the nearest rising ones are the means of those that do not.
    const room: Array<number> = []
    for (const [i, slot] of layer.entries()) {
      const above = layer[i - 1]
      const gap = above === undefined ? 0 : (above.height + slot.height) / 2 + (above.height + slot.height === 0 ? edgeGap : nodeGap)
      room.push((room[i - 1] ?? 0) + gap)
    }
    const blocks: Array<{ sum: number; size: number }> = []
    for (const [i, y] of wanted.entries()) {
      blocks.push({ sum: y - (room[i] ?? 0), size: 1 })
      for (;;) {
        const last = blocks.at(-1)
        const before = blocks.at(-2)
        if (last === undefined || before === undefined || before.sum / before.size <= last.sum / last.size) break
        before.sum += last.sum
        before.size += last.size
        blocks.pop()
      }
    }
    const risen = blocks.flatMap(({ sum, size }) => Array.from({ length: size }, () => sum / size))
    for (const [i, slot] of layer.entries()) slot.y = (risen[i] ?? 0) + (room[i] ?? 0)
  }
  for (const layer of layers)
    settle(
      layer,
      layer.map(() => 0)
    )
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const side = sweep % 2 === 0 ? "before" : "behind"
    for (const layer of side === "before" ? layers : layers.toReversed())
      settle(
        layer,
        layer.map((slot) => mean(slot[side].map(({ y }) => y)) ?? slot.y)
      )
  }
}
