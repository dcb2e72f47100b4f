/**
 * What keeps a page new: the server says when a table has a newer version, and every so often a page is asked for again. Nothing is asked for while nobody looks.
 */
import { readState } from "./url.ts"

export const intervals: Readonly<Record<string, string>> = { "0": "Off", "10": "10 s", "60": "1 min", "300": "5 min" }

/** Seconds between two looks, 0 for none, from the address of the page. What hangs on a wall has nobody to choose them. */
export const intervalOf = (otherwise: string): string => {
  const state = readState()
  const said = state.get("refresh") ?? (state.get("wall") === "1" ? "10" : otherwise)
  return Object.hasOwn(intervals, said) ? said : otherwise
}

/** Calls again and again until it is stopped; at once when the page is seen again after it was hidden for longer than that. */
export const every = (seconds: () => number, look: () => void): (() => void) => {
  let last = performance.now()
  const run = () => {
    last = performance.now()
    look()
  }
  const due = () => seconds() > 0 && performance.now() - last >= seconds() * 1000
  const timer = setInterval(() => {
    if (!document.hidden && due()) run()
  }, 1000)
  const seen = () => {
    if (!document.hidden && due()) run()
  }
  document.addEventListener("visibilitychange", seen)
  return () => {
    clearInterval(timer)
    document.removeEventListener("visibilitychange", seen)
  }
}

type Listener = (table: string) => void
const listeners = new Set<Listener>()
let source: EventSource | null = null
let onConnected: (isConnected: boolean) => void = () => {}

const connect = (): void => {
  if (source !== null || document.hidden) return
  source = new EventSource("/api/events")
  source.addEventListener("open", () => onConnected(true))
  source.addEventListener("error", () => onConnected(false))
  const tell = (event: MessageEvent) => {
    const said: unknown = JSON.parse(String(event.data))
    if (typeof said !== "object" || said === null || !("table" in said)) return
    for (const listener of listeners) listener(String(said.table))
  }
  source.addEventListener("message", tell)
  source.addEventListener("table", tell)
}

/** Listens to the server for as long as the page is seen. */
export const listen = (connected: (isConnected: boolean) => void): void => {
  onConnected = connected
  connect()
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) return connect()
    source?.close()
    source = null
  })
}

/** Calls when a table is newer; often at once is once, half a second later. */
export const onNewer = (call: () => void): (() => void) => {
  let waiting: number | undefined
  const listener = () => {
    if (waiting !== undefined) return
    waiting = setTimeout(() => {
      waiting = undefined
      call()
    }, 500)
  }
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
    clearTimeout(waiting)
  }
}
