/**
 * Makes elements. Values of tables, which anybody may have sent, become text nodes and attributes here, never markup: there is no other way to make an
 * element in these pages.
 */

/** What may stand in an element: nothing for null and false. */
export type Child = Node | string | number | null | false | undefined | ReadonlyArray<Child>

type Handler = (event: Event) => void
/** An attribute; true stands alone, false and null are left out; functions are listeners, by the name of their event. */
type Value = string | number | boolean | null | undefined | Handler

/** Addresses that begin otherwise are not followed: a value of a table is no script. */
const isAddress = (value: string): boolean => /^(\?|#|\/(?!\/)|blob:)/.test(value)

const setAll = (element: Element, attributes: Readonly<Record<string, Value>>): void => {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue
    if (typeof value === "function") element.addEventListener(name, value)
    else if (name === "href" && !isAddress(String(value))) continue
    // Set as a property, since a strict policy forbids the attribute.
    else if (name.startsWith("--") && (element instanceof HTMLElement || element instanceof SVGElement))
      element.style.setProperty(name, String(value))
    else element.setAttribute(name, value === true ? "" : String(value))
  }
}

const add = (parent: Element, children: ReadonlyArray<Child>): void => {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue
    if (child instanceof Node) parent.append(child)
    else if (typeof child === "object") add(parent, child)
    else parent.append(String(child))
  }
}

/** An HTML element. Names that begin with `--` are properties of style. */
export const h = <K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, Value>> = {},
  ...children: ReadonlyArray<Child>
): HTMLElementTagNameMap[K] => {
  const element = document.createElement(tag)
  setAll(element, attributes)
  add(element, children)
  return element
}

/** An SVG element. */
export const s = <K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, Value>> = {},
  ...children: ReadonlyArray<Child>
): SVGElementTagNameMap[K] => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag)
  setAll(element, attributes)
  add(element, children)
  return element
}

/** Puts something into an element instead of what is there. What had the focus has it again, if something of its id is there. */
export const put = (element: Element, ...children: ReadonlyArray<Child>): void => {
  const focused = element.contains(document.activeElement) ? document.activeElement?.id : undefined
  element.replaceChildren()
  add(element, children)
  if (focused !== undefined && focused !== "") document.getElementById(focused)?.focus()
}

/** A text of ours, in which what stands between backticks is code. */
export const said = (text: string): ReadonlyArray<Child> => text.split("`").map((part, i) => (i % 2 === 1 ? h("code", {}, part) : part))

/** What only who hears the page gets. */
export const unseen = (...children: ReadonlyArray<Child>): HTMLElement => h("span", { class: "unseen" }, children)
