/** Light or dark: as the system says, or as the reader chose. */
import { h, put } from "./dom.ts"

const names = { system: "Auto", light: "Light", dark: "Dark" } as const
type Theme = keyof typeof names
const order: ReadonlyArray<Theme> = ["system", "light", "dark"]
const key = "sluice-theme"

const read = (): Theme => {
  const said = localStorage.getItem(key)
  return said === "light" || said === "dark" ? said : "system"
}

const apply = (theme: Theme): void => {
  if (theme === "system") document.documentElement.removeAttribute("data-theme")
  else document.documentElement.setAttribute("data-theme", theme)
}

const marks: Readonly<Record<Theme, string>> = { system: "◐", light: "○", dark: "●" }

/** The switch, which goes round the three. */
export const themeSwitch = (): HTMLElement => {
  apply(read())
  const button = h("button", {
    type: "button",
    class: "quiet",
    id: "theme",
    click: () => {
      const next = order[(order.indexOf(read()) + 1) % order.length] ?? "system"
      localStorage.setItem(key, next)
      apply(next)
      show()
    }
  })
  const show = () => {
    put(button, h("span", { "aria-hidden": "true" }, marks[read()]), ` ${names[read()]}`)
    button.setAttribute("aria-label", `${names[read()]} theme, change it`)
  }
  show()
  return button
}
