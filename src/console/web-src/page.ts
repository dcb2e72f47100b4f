import type { Meta } from "./../api.ts"
import type { State } from "./url.ts"

/** A page that is open. */
export interface Page {
  /** Shows what the state says, when it is opened and whenever the state is another. */
  readonly update: (state: State) => void
  /** Ends what goes on behind it. */
  readonly stop: () => void
}

/** Opens a page in its place. */
export type Open = (place: HTMLElement, meta: Meta, state: State) => Page

/** Says what the page is called, in the tab. */
export const setTitle = (title: string): void => {
  document.title = `${title} · Sluice`
}
