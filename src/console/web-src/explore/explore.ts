/** The catalog: every table of every zone, searched; what one is made of; and the analyst's box. */
import type { Catalog, CatalogTable, Zone } from "../../api.ts"
import { type Child, h, put } from "../dom.ts"
import { get } from "../fetch.ts"
import { bytes, integer, moment, timeOf, words } from "../format.ts"
import { onNewer } from "../live.ts"
import { freshnessBadge } from "../operate/datasets.ts"
import { badge } from "../operate/parts.ts"
import { type Open, setTitle } from "../page.ts"
import { keysOf } from "../period.ts"
import { empty, failed, loading } from "../states.ts"
import { table } from "../table.ts"
import { changed, go, linkTo, readState, type State } from "../url.ts"
import { found } from "./found.ts"
import { sqlBox } from "./sql.ts"

const zones: Readonly<Record<Zone, string>> = { mart: "Marts", consumable: "Consumable", stage: "Stage", other: "Other" }

const list = (state: State, tables: ReadonlyArray<CatalogTable>, chosen: string | null): Child =>
  keysOf(zones).map((zone) => {
    const ofZone = tables.filter((each) => each.zone === zone)
    if (ofZone.length === 0) return null
    return [
      h("h2", { class: "zone" }, zones[zone], h("span", { class: "count" }, ofZone.length)),
      h(
        "ul",
        { class: "table-list" },
        ofZone.map((each) =>
          h(
            "li",
            {},
            h(
              "a",
              {
                id: `table-${each.path}`,
                href: `?${changed(state, { table: each.path })}`,
                "aria-current": each.path === chosen ? "true" : null
              },
              h("strong", {}, each.name),
              h("span", { class: "muted" }, each.rows === null ? "" : `${integer(each.rows)} rows`),
              each.freshness.state === "late" && h("span", { class: "sub late" }, "late")
            )
          )
        )
      )
    ]
  })

const quality = ({ passed, failed: wrong, warned, at, score }: CatalogTable["quality"]): Child => {
  if (passed + wrong + warned === 0) return "No checks"
  const mood = wrong > 0 ? "bad" : warned > 0 ? "warn" : "good"
  const time = timeOf(at)
  return [
    score,
    " ",
    badge(mood, `${integer(passed)} passed, ${integer(wrong)} failed, ${integer(warned)} warned`),
    time !== null && h("span", { class: "sub" }, moment(time))
  ]
}

const facts = (each: CatalogTable): HTMLElement => {
  const time = timeOf(each.committedAt)
  const all: ReadonlyArray<readonly [string, Child]> = [
    ["Owner", each.owner],
    ...Object.entries(each.about).map(([name, said]) => [words(name), said] as const),
    ["Freshness", freshnessBadge(each.freshness)],
    ["Quality", quality(each.quality)],
    ["Version", each.version === null ? "Not made yet" : [`${each.version}`, time !== null && h("span", { class: "sub" }, moment(time))]],
    ["Made of", each.upstream.join(", ")],
    ["Read by", each.downstream.join(", ")],
    ["Rows", each.rows === null ? "–" : integer(each.rows)],
    ["Size", `${bytes(each.bytes)} in ${integer(each.files)} ${each.files === 1 ? "file" : "files"}`]
  ]
  return h(
    "dl",
    { class: "facts" },
    all.flatMap(([name, said]) => (said === "" || said === null ? [] : [h("div", {}, h("dt", {}, name), h("dd", {}, said))]))
  )
}

/** What one table is. */
export const tableDetail = (each: CatalogTable, more: Child): Child => [
  h(
    "div",
    { class: "card-head" },
    h(
      "div",
      {},
      h("p", { class: "eyebrow" }, zones[each.zone]),
      h("h2", {}, each.name),
      each.title !== "" && each.title !== each.name && h("p", { class: "muted" }, each.title)
    ),
    h("div", { class: "tools" }, more)
  ),
  each.description !== "" && h("p", { class: "lead" }, each.description),
  facts(each),
  h("h3", {}, "Columns"),
  table(
    `Columns of ${each.name}`,
    [{ name: "Column" }, { name: "Type" }, { name: "Description" }],
    each.columns.map(({ name, type, description, sensitive }) => [
      [h("code", {}, name), sensitive && h("span", { class: "badge warn" }, "sensitive")],
      h("span", { class: "type" }, type),
      description
    ])
  )
]

export const identifier = (name: string): string => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`)

export const explorePage: Open = (place, meta, first) => {
  setTitle("Explore")
  let catalog: Catalog | null = null
  const search = h("input", {
    id: "search",
    type: "search",
    placeholder: "Tables, columns, owners…",
    autocomplete: "off",
    value: first.get("q") ?? "",
    input: () => go(changed(readState(), { q: search.value }), "replace")
  })
  const side = h("div", { class: "side-list" }, loading("the catalog"))
  const count = h("p", { class: "note", role: "status" })
  const detail = h("section", { class: "card detail", "aria-label": "Table" })
  const box = meta.features.sql ? sqlBox() : null
  put(
    place,
    h(
      "div",
      { class: "page-head" },
      h("h1", { tabindex: -1 }, "Explore"),
      h("p", { class: "lead" }, "Every table there is: what is in it, whose it is, how new it is.")
    ),
    h(
      "div",
      { class: "split" },
      h("aside", { class: "side", "aria-label": "Tables" }, h("label", { class: "field" }, h("span", {}, "Search"), search), count, side),
      h(
        "div",
        { class: "stack" },
        box?.element,
        detail,
        box === null && h("p", { class: "note" }, "The SQL box is off. Start ", h("code", {}, "sluice console --sql"), " to have it.")
      )
    )
  )
  const show = (state: State) => {
    if (catalog === null) return
    const { tables } = catalog
    const shown = found(tables, state.get("q") ?? "")
    const chosen = tables.find(({ path }) => path === state.get("table")) ?? shown[0]
    count.textContent = `${integer(shown.length)} of ${integer(tables.length)} tables`
    put(
      side,
      shown.length === 0
        ? empty(
            tables.length === 0 ? "No tables yet" : "Nothing is called so",
            tables.length === 0 ? "Start `sluice run`; they are listed here by themselves." : "Try another word, or fewer."
          )
        : list(state, shown, chosen?.path ?? null)
    )
    put(
      detail,
      chosen === undefined
        ? empty("No table is chosen")
        : tableDetail(chosen, [
            h("a", { class: "tool", href: linkTo("lineage", { table: chosen.path }) }, "Lineage"),
            box !== null &&
              h(
                "button",
                { type: "button", class: "tool", id: "ask", click: () => box.set(`SELECT *\nFROM ${identifier(chosen.name)}\nLIMIT 100`) },
                "Query it"
              )
          ])
    )
    box?.update(state)
  }
  const load = async () => {
    try {
      catalog = await get<Catalog>("/api/catalog")
      show(readState())
    } catch (error) {
      put(
        side,
        failed(error, () => void load())
      )
    }
  }
  void load()
  return { update: show, stop: onNewer(() => void load()) }
}
