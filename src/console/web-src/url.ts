/** The state of a page is in its address, whole: a link that is copied shows the same. `v=1` says how it is to be read. */

export type State = URLSearchParams

export const readState = (): State => new URLSearchParams(location.search)

/** The page that a state is of. */
export const pageOf = (state: State): string => state.get("page") ?? "dashboards"

/** A link to a page, from nothing. */
export const linkTo = (page: string, more: Readonly<Record<string, string>> = {}): string =>
  `?${new URLSearchParams({ v: "1", page, ...more })}`

/** A state with some of it said otherwise; null takes out. */
export const changed = (state: State, changes: Readonly<Record<string, string | null>>): State => {
  const next = new URLSearchParams(state)
  next.set("v", "1")
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") next.delete(name)
    else next.set(name, value)
  }
  return next
}

const listeners = new Set<() => void>()

/** Calls when the state is another, by a link, a choice, or the browser's own buttons. */
export const onState = (listener: () => void): void => {
  listeners.add(listener)
}

const tell = (): void => {
  for (const listener of listeners) listener()
}

/** Goes to a state. What is chosen within a page takes the place of what was, where going back to each choice would help nobody. */
export const go = (state: State | string, how: "push" | "replace" = "push"): void => {
  const address = typeof state === "string" ? state : `?${state}`
  if (how === "push") history.pushState(null, "", address)
  else history.replaceState(null, "", address)
  tell()
}

/** Links to pages of the console are followed within it. */
export const followLinks = (): void => {
  addEventListener("popstate", tell)
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null
    const href = link?.getAttribute("href")
    if (link === null || href === null || href === undefined || !href.startsWith("?")) return
    if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return
    event.preventDefault()
    go(href)
    if (link.closest("nav") === null) scrollTo(0, 0)
  })
}
