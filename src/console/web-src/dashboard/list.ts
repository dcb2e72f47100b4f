/** Which dashboards there are. */
import { h, put } from "../dom.ts"
import { type Open, setTitle } from "../page.ts"
import { empty } from "../states.ts"
import { linkTo } from "../url.ts"

export const dashboardsPage: Open = (place, { dashboards, problems, project }) => {
  setTitle("Dashboards")
  put(
    place,
    h(
      "div",
      { class: "page-head" },
      h("h1", { tabindex: -1 }, "Dashboards"),
      h("p", { class: "lead" }, `What the project ${project} looks at.`)
    ),
    problems.length > 0 &&
      h(
        "div",
        { class: "state error", role: "alert" },
        h("p", { class: "state-title" }, "Some files of dashboards are left out"),
        h(
          "ul",
          {},
          problems.map((problem) => h("li", {}, h("code", {}, problem)))
        )
      ),
    dashboards.length === 0
      ? empty(
          "There are no dashboards yet",
          "A dashboard is a file: put ",
          h("code", {}, "dashboards/NAME.yaml"),
          " into the project's folder."
        )
      : h(
          "ul",
          { class: "tiles" },
          dashboards.map(({ name, title, description }) =>
            h(
              "li",
              {},
              h(
                "a",
                { class: "tile", href: linkTo("dashboards", { name }) },
                h("strong", {}, title),
                description !== "" && h("span", {}, description)
              )
            )
          )
        )
  )
  return { update: () => {}, stop: () => {} }
}
