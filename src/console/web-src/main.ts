/** The console's pages: what stands around them, and which of them is open. */
import type { Meta } from "../api.ts"
import { dashboardPage } from "./dashboard/dashboard.ts"
import { dashboardsPage } from "./dashboard/list.ts"
import { h, put } from "./dom.ts"
import { explorePage } from "./explore/explore.ts"
import { get } from "./fetch.ts"
import { lineagePage } from "./lineage/lineage.ts"
import { listen } from "./live.ts"
import { operatePage } from "./operate/operate.ts"
import type { Open, Page } from "./page.ts"
import { failed, loading } from "./states.ts"
import { themeSwitch } from "./theme.ts"
import { followLinks, linkTo, onState, pageOf, readState } from "./url.ts"

const pages: Readonly<Record<string, { readonly title: string; readonly open: Open }>> = {
  dashboards: { title: "Dashboards", open: dashboardsPage },
  explore: { title: "Explore", open: explorePage },
  lineage: { title: "Lineage", open: lineagePage },
  operate: { title: "Operate", open: operatePage }
}

const place = h("main", { id: "main", tabindex: -1 }, loading("the console"))
const project = h("span", { class: "project" })
const live = h("span", { class: "live", role: "status" })
const nav = h("nav", { "aria-label": "Pages" })

const showNav = (page: string): void =>
  put(
    nav,
    Object.entries(pages).map(([name, { title }]) =>
      h("a", { id: `nav-${name}`, href: linkTo(name), "aria-current": name === page ? "page" : null }, title)
    )
  )

const showLive = (isConnected: boolean): void => {
  live.classList.toggle("on", isConnected)
  put(live, h("span", { class: "dot", "aria-hidden": "true" }), isConnected ? "Live" : "Not connected")
}

const start = async (): Promise<void> => {
  const shell = document.getElementById("shell")
  if (shell === null) return
  put(
    shell,
    h(
      "header",
      { class: "top" },
      h("a", { class: "brand", href: linkTo("dashboards") }, h("span", { class: "gate", "aria-hidden": "true" }), "Sluice"),
      project,
      nav,
      h("div", { class: "top-end" }, live, themeSwitch())
    ),
    place
  )
  document.body.classList.toggle("wall", readState().get("wall") === "1")
  showNav(pageOf(readState()))
  showLive(false)
  let open: Page | null = null
  let opened = ""
  const load = async (): Promise<void> => {
    try {
      const meta = await get<Meta>("/api/meta")
      project.textContent = meta.project
      const route = (isFirst: boolean) => {
        const state = readState()
        const page = pageOf(state)
        const key = `${page}/${state.get("name") ?? ""}`
        document.body.classList.toggle("wall", state.get("wall") === "1")
        if (key === opened) return open?.update(state)
        open?.stop()
        opened = key
        showNav(page)
        const isBoard = page === "dashboards" && state.has("name")
        place.replaceChildren()
        const known = pages[page] ?? pages["dashboards"]
        open = (isBoard ? dashboardPage : (known?.open ?? dashboardsPage))(place, meta, state)
        // Who follows a link by keyboard, or hears the page, goes on in what it led to.
        if (!isFirst) place.focus({ preventScroll: true })
      }
      onState(() => route(false))
      route(true)
      listen(showLive)
    } catch (error) {
      put(
        place,
        h("h1", {}, "Sluice"),
        failed(error, () => void load())
      )
    }
  }
  await load()
}

followLinks()
await start()
