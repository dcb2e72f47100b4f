/** From where to where data goes: a graph, the same as a list, and what the chosen one is. */
import type { Catalog, Lineage, LineageNode } from "../../api.ts"
import { now } from "../clock.ts"
import { type Child, h, put, s } from "../dom.ts"
import { tableDetail } from "../explore/explore.ts"
import { get } from "../fetch.ts"
import { words } from "../format.ts"
import { onNewer } from "../live.ts"
import { ago } from "../operate/datasets.ts"
import { badge } from "../operate/parts.ts"
import { type Open, setTitle } from "../page.ts"
import { empty, failed, loading } from "../states.ts"
import { table } from "../table.ts"
import { changed, go, linkTo, readState, type State } from "../url.ts"
import { near, place as placed } from "./layout.ts"

const isFailed = ({ lastRun }: LineageNode) => lastRun !== null && /^(fail|abort|error)/i.test(lastRun.outcome)

/** A rounded line through points. */
const path = (points: ReadonlyArray<{ readonly x: number; readonly y: number }>): string => {
  const [first, ...rest] = points
  if (first === undefined) return ""
  let at = first
  const parts = rest.map((point) => {
    const middle = (at.x + point.x) / 2
    const part = `C${middle},${at.y} ${middle},${point.y} ${point.x},${point.y}`
    at = point
    return part
  })
  return `M${first.x},${first.y}${parts.join("")}`
}

const cut = (name: string): string => (name.length > 30 ? `${name.slice(0, 29)}…` : name)

const nodeText = ({ kind, zone, lastRun }: LineageNode): string =>
  [kind === "job" ? "job" : (zone ?? "dataset"), lastRun === null ? null : `last run ${lastRun.outcome.toLowerCase()}`]
    .filter((each) => each !== null)
    .join(", ")

/** The graph as SVG. Links of the list beside it are what the keyboard reaches; here one is clicked. */
const graph = (lineage: Lineage, chosen: string | null, choose: (id: string) => void): HTMLElement => {
  const drawing = placed(lineage)
  const lit = chosen === null ? null : near(lineage.edges, chosen)
  const dim = (...ids: ReadonlyArray<string>) => (lit !== null && !ids.every((id) => lit.has(id)) ? " dim" : "")
  const svg = s(
    "svg",
    {
      viewBox: `0 0 ${drawing.width} ${drawing.height}`,
      "--w": `${drawing.width}px`,
      role: "img",
      "aria-label": "Lineage; the list of datasets and jobs says the same"
    },
    s(
      "defs",
      {},
      s(
        "marker",
        { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse" },
        s("path", { d: "M0,0L8,4L0,8z", class: "arrow" })
      )
    ),
    drawing.edges.map(({ from, to, points }) => s("path", { d: path(points), class: `edge${dim(from, to)}`, "marker-end": "url(#arrow)" })),
    drawing.nodes.map(({ node, x, y, width, height }) =>
      s(
        "g",
        {
          class: `node ${node.kind} ${node.zone ?? ""}${isFailed(node) ? " failed" : ""}${node.id === chosen ? " chosen" : ""}${dim(node.id)}`,
          transform: `translate(${x - width / 2},${y - height / 2})`,
          click: () => choose(node.id)
        },
        s("title", {}, `${node.name}: ${nodeText(node)}`),
        s("rect", { width, height, rx: node.kind === "job" ? height / 2 : 8 }),
        node.kind === "dataset" && s("rect", { class: "mark", width: 4, height: height - 16, x: 9, y: 8, rx: 2 }),
        s("text", { x: node.kind === "job" ? 18 : 22, y: node.kind === "job" ? height / 2 + 4 : 19 }, cut(node.name)),
        node.kind === "dataset" &&
          s(
            "text",
            { class: "under", x: 22, y: 34 },
            `${words(node.zone ?? "dataset")}${node.version === null ? "" : ` · v${node.version}`}${isFailed(node) ? " · failed" : ""}`
          )
      )
    )
  )
  return h("div", { class: "graph", tabindex: 0, role: "group", "aria-label": "Graph, which scrolls" }, svg)
}

const list = (state: State, { nodes }: Lineage, chosen: string | null): Child => {
  const wanted = (state.get("q") ?? "").toLowerCase()
  const groups: ReadonlyArray<readonly [string, (node: LineageNode) => boolean]> = [
    ["Sources", ({ kind, zone }) => kind === "dataset" && (zone === "source" || zone === null)],
    ["Stage", ({ kind, zone }) => kind === "dataset" && zone === "stage"],
    ["Consumable", ({ kind, zone }) => kind === "dataset" && zone === "consumable"],
    ["Marts", ({ kind, zone }) => kind === "dataset" && zone === "mart"],
    ["Other", ({ kind, zone }) => kind === "dataset" && (zone === "other" || zone === "exposure")],
    ["Jobs", ({ kind }) => kind === "job"]
  ]
  return groups.map(([title, isOf]) => {
    const ofGroup = nodes.filter((node) => isOf(node) && node.name.toLowerCase().includes(wanted))
    if (ofGroup.length === 0) return null
    return [
      h("h2", { class: "zone" }, title, h("span", { class: "count" }, ofGroup.length)),
      h(
        "ul",
        { class: "table-list" },
        ofGroup.map((node) =>
          h(
            "li",
            {},
            h(
              "a",
              {
                id: `node-${node.id}`,
                href: `?${changed(state, { node: node.id, table: null })}`,
                "aria-current": node.id === chosen ? "true" : null
              },
              h("strong", {}, node.name),
              isFailed(node) && h("span", { class: "sub late" }, "failed")
            )
          )
        )
      )
    ]
  })
}

/** From which columns each column of a dataset is made, and what is made of it. */
const columnsPart = (lineage: Lineage, node: LineageNode): Child => {
  const nameOf = (id: string) => lineage.nodes.find((each) => each.id === id)?.name ?? id
  const own = [
    ...new Set(
      lineage.columns.flatMap(({ from, to }) => [
        ...(to.node === node.id ? [to.column] : []),
        ...(from.node === node.id ? [from.column] : [])
      ])
    )
  ].sort()
  if (own.length === 0) return null
  const links = (ends: ReadonlyArray<{ readonly node: string; readonly column: string }>): Child =>
    ends.length === 0
      ? "–"
      : h(
          "ul",
          { class: "ends" },
          ends.map((end) =>
            h(
              "li",
              {},
              h("a", { href: `?${changed(readState(), { node: end.node, table: null })}` }, nameOf(end.node)),
              ".",
              h("code", {}, end.column)
            )
          )
        )
  return [
    h("h3", {}, "Lineage of columns"),
    table(
      `Lineage of columns of ${node.name}`,
      [{ name: "Column" }, { name: "Made of" }, { name: "Goes into" }],
      own.map((column) => [
        h("code", {}, column),
        links(lineage.columns.flatMap(({ from, to }) => (to.node === node.id && to.column === column ? [from] : []))),
        links(lineage.columns.flatMap(({ from, to }) => (from.node === node.id && from.column === column ? [to] : [])))
      ])
    )
  ]
}

const detail = (lineage: Lineage, catalog: Catalog | null, node: LineageNode): Child => {
  const known = catalog?.tables.find(
    ({ name, path: at, zone }) => node.id === at || node.name === at || (node.name === name && node.zone === zone)
  )
  const neighbours = (title: string, ids: ReadonlyArray<string>): Child =>
    h(
      "div",
      {},
      h("dt", {}, title),
      h(
        "dd",
        {},
        ids.length === 0
          ? "–"
          : h(
              "ul",
              { class: "ends" },
              ids.map((id) =>
                h(
                  "li",
                  {},
                  h(
                    "a",
                    { href: `?${changed(readState(), { node: id, table: null })}` },
                    lineage.nodes.find((each) => each.id === id)?.name ?? id
                  )
                )
              )
            )
      )
    )
  const run = node.lastRun
  return [
    known !== undefined
      ? tableDetail(known, h("a", { class: "tool", href: linkTo("explore", { table: known.path }) }, "Explore"))
      : h("div", { class: "card-head" }, h("div", {}, h("p", { class: "eyebrow" }, nodeText(node).split(",")[0]), h("h2", {}, node.name))),
    h(
      "dl",
      { class: "facts" },
      run !== null &&
        h(
          "div",
          {},
          h("dt", {}, "Last run"),
          h("dd", {}, badge(isFailed(node) ? "bad" : "good", words(run.outcome.toLowerCase())), " ", ago(run.endedAt, now()))
        ),
      neighbours(
        "Reads",
        lineage.edges.flatMap(({ from, to }) => (to === node.id ? [from] : []))
      ),
      neighbours(
        "Is read by",
        lineage.edges.flatMap(({ from, to }) => (from === node.id ? [to] : []))
      )
    ),
    columnsPart(lineage, node)
  ]
}

export const lineagePage: Open = (place, _meta, first) => {
  setTitle("Lineage")
  let lineage: Lineage | null = null
  let catalog: Catalog | null = null
  const search = h("input", {
    id: "search",
    type: "search",
    placeholder: "Datasets and jobs…",
    autocomplete: "off",
    value: first.get("q") ?? "",
    input: () => go(changed(readState(), { q: search.value }), "replace")
  })
  const side = h("div", { class: "side-list" }, loading("lineage"))
  const picture = h("section", { class: "card", "aria-label": "Graph" }, loading("the graph"))
  const chosenPart = h("section", { class: "card detail", "aria-label": "What is chosen" })
  put(
    place,
    h(
      "div",
      { class: "page-head" },
      h("h1", { tabindex: -1 }, "Lineage"),
      h("p", { class: "lead" }, "What is made of what, from files and streams to marts.")
    ),
    h(
      "div",
      { class: "split" },
      h(
        "aside",
        { class: "side", "aria-label": "Datasets and jobs" },
        h("label", { class: "field" }, h("span", {}, "Search"), search),
        side
      ),
      h("div", { class: "stack" }, picture, chosenPart)
    )
  )
  const show = (state: State) => {
    if (lineage === null) return
    const known = lineage
    const at = state.get("table")
    const asked =
      state.get("node") ??
      (at === null
        ? null
        : (known.nodes.find(({ id, name }) => id === at || name === at || id.endsWith(`/${at}`) || at.endsWith(`/${name}`))?.id ?? null))
    const node = known.nodes.find(({ id }) => id === asked)
    put(side, list(state, known, node?.id ?? null))
    const scroll = picture.querySelector(".graph")
    const [left, top] = [scroll?.scrollLeft ?? 0, scroll?.scrollTop ?? 0]
    put(
      picture,
      known.nodes.length === 0
        ? empty("Nothing ran yet", "Start ", h("code", {}, "sluice run"), ": each run says what it read and made.")
        : graph(known, node?.id ?? null, (id) => go(changed(readState(), { node: id === node?.id ? null : id, table: null })))
    )
    picture.querySelector(".graph")?.scrollTo(left, top)
    put(
      chosenPart,
      node === undefined
        ? empty(
            "Nothing is chosen",
            "Choose a dataset or a job, in the graph or in the list, to see its columns, its owner and its last run."
          )
        : detail(known, catalog, node)
    )
  }
  const load = async () => {
    try {
      ;[lineage, catalog] = await Promise.all([get<Lineage>("/api/lineage"), get<Catalog>("/api/catalog").catch(() => null)])
      show(readState())
    } catch (error) {
      put(side)
      put(
        picture,
        failed(error, () => void load())
      )
    }
  }
  void load()
  return { update: show, stop: onNewer(() => void load()) }
}
