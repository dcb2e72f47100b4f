/** The analyst's box: a statement, what it gives, and that as a file. It is in the address, so that a link asks the same. */
import type { SqlAnswer } from "../../api.ts"
import { h, put } from "../dom.ts"
import { download, post } from "../fetch.ts"
import { duration, integer } from "../format.ts"
import { empty, failed, loading } from "../states.ts"
import { answerTable } from "../table.ts"
import { changed, go, readState, type State } from "../url.ts"

export interface SqlBox {
  readonly element: HTMLElement
  /** Puts a statement into the box, and asks it. */
  readonly set: (sql: string) => void
  readonly update: (state: State) => void
}

export const sqlBox = (): SqlBox => {
  const result = h("div", { class: "sql-result" })
  const status = h("p", { class: "note", role: "status" })
  const files = h("div", { class: "tools" })
  const text = h("textarea", {
    id: "sql",
    rows: 5,
    spellcheck: "false",
    autocapitalize: "off",
    "aria-describedby": "sql-note",
    placeholder: "SELECT …",
    keydown: (event) => {
      if (event instanceof KeyboardEvent && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault()
        void run()
      }
    }
  })
  let asked = ""
  const file = (kind: "csv" | "parquet", name: string) =>
    h(
      "button",
      {
        type: "button",
        class: "tool",
        click: () =>
          void download(`/api/sql.${kind}`, { sql: asked }, `result.${kind}`).catch((error: unknown) => put(result, failed(error)))
      },
      name
    )
  const run = async () => {
    const sql = text.value.trim()
    if (sql === "") return
    asked = sql
    go(changed(readState(), { sql }), "replace")
    put(result, loading("the result"))
    put(files)
    status.textContent = ""
    try {
      const { columns, rows, truncated, tookMillis } = await post<SqlAnswer>("/api/sql", { sql })
      status.textContent = `${truncated ? "The first " : ""}${integer(rows.length)} ${rows.length === 1 ? "row" : "rows"} in ${duration(tookMillis)}${truncated ? "; a file has more" : ""}`
      put(files, file("csv", "CSV"), file("parquet", "Parquet"))
      put(
        result,
        rows.length === 0 ? empty("No rows", "The statement is right, and nothing answers it.") : answerTable("Result", columns, rows)
      )
    } catch (error) {
      put(result, failed(error))
    }
  }
  const element = h(
    "section",
    { class: "card sql", "aria-label": "SQL" },
    h("div", { class: "card-head" }, h("label", { for: "sql", class: "heading" }, "SQL"), files),
    text,
    h(
      "div",
      { class: "sql-foot" },
      h("button", { type: "button", class: "primary", id: "run-sql", click: () => void run() }, "Run"),
      h("span", { class: "note", id: "sql-note" }, "Reads only; Ctrl + Enter runs it."),
      status
    ),
    result
  )
  const set = (sql: string) => {
    text.value = sql
    text.focus()
    void run()
  }
  return {
    element,
    set,
    update: (state) => {
      const sql = state.get("sql")
      // A statement of a link is shown, not asked: who follows it says so.
      if (sql !== null && text.value === "") text.value = sql
    }
  }
}
