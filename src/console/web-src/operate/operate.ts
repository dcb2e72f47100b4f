/** What operators look at: how the lake does, now. */
import type { CheckState, RunState, Status, TableState } from "../../api.ts"
import { now as clock } from "../clock.ts"
import { choice } from "../dashboard/toolbar.ts"
import { type Child, h, put, said } from "../dom.ts"
import { get } from "../fetch.ts"
import { bytes, duration, integer, moment, words } from "../format.ts"
import { every, intervalOf, intervals, onNewer } from "../live.ts"
import { type Open, setTitle } from "../page.ts"
import { empty, failed, loading } from "../states.ts"
import { table } from "../table.ts"
import { changed, go, readState } from "../url.ts"
import { ago, datasetsPart, gapsOf, ledgerPart, shardsPart } from "./datasets.ts"
import { lettersPart } from "./letters.ts"
import { badge, fact, part } from "./parts.ts"

const moodOf = ({ ok, severity }: CheckState) => (ok ? "good" : severity === "error" ? "bad" : "warn")

const checksList = ({ checks }: Status, now: number): Child => {
  if (checks === null)
    return h(
      "p",
      { class: "note" },
      "The checks of ",
      h("code", {}, "sluice verify"),
      " have not been made yet; they are when this page is looked at for some seconds."
    )
  const wrong = checks.results.filter(({ ok }) => !ok)
  return h(
    "details",
    { class: "more", open: wrong.length > 0 },
    h(
      "summary",
      {},
      badge(
        wrong.length === 0 ? "good" : "bad",
        wrong.length === 0 ? `All ${checks.results.length} checks hold` : `${wrong.length} of ${checks.results.length} checks do not hold`
      ),
      h("span", { class: "muted" }, " made ", ago(checks.at, now))
    ),
    table(
      "Checks of the ledger",
      [{ name: "Check" }, { name: "Table" }, { name: "Result" }, { name: "Says" }],
      [...wrong, ...checks.results.filter(({ ok }) => ok)].map((check) => [
        words(check.name),
        check.table,
        badge(moodOf(check), check.ok ? "Holds" : words(check.severity)),
        h("span", { class: "says" }, check.detail)
      ])
    )
  )
}

const runsPart = (runs: ReadonlyArray<RunState>, now: number): HTMLElement =>
  part(
    "Runs",
    "What ran, the newest first.",
    runs.length === 0
      ? empty("Nothing ran yet", "Start ", h("code", {}, "sluice run"), ".")
      : table(
          "Runs",
          [
            { name: "Run" },
            { name: "Dataset" },
            { name: "Outcome" },
            { name: "Ended", isNumber: true },
            { name: "Took", isNumber: true },
            { name: "Records", isNumber: true },
            { name: "Rows", isNumber: true },
            { name: "Error" }
          ],
          runs.map((run) => [
            words(run.kind),
            run.dataset || "–",
            badge(
              /^(complete|success|ok|done)/i.test(run.outcome) ? "good" : /^(fail|error)/i.test(run.outcome) ? "bad" : "idle",
              words(run.outcome.toLowerCase())
            ),
            ago(run.endedAt, now),
            duration(Date.parse(run.endedAt) - Date.parse(run.begunAt)),
            run.records === null ? "–" : integer(run.records),
            run.rows === null ? "–" : integer(run.rows),
            run.error === null ? "" : h("span", { class: "error-text" }, run.error)
          ])
        )
  )

const filesPart = (tables: ReadonlyArray<TableState>): HTMLElement =>
  part(
    "Files",
    "How large tables are, and in how many files they lie. Many small ones are joined by `sluice maintain`.",
    tables.length === 0
      ? empty("There are no tables yet", "Start ", h("code", {}, "sluice run"), " with a source.")
      : table(
          "Files of tables",
          [
            { name: "Table" },
            { name: "Version", isNumber: true },
            { name: "Rows", isNumber: true },
            { name: "Files", isNumber: true },
            { name: "Size", isNumber: true },
            { name: "Average file", isNumber: true }
          ],
          [...tables]
            .sort((a, b) => b.bytes - a.bytes)
            .map((each) => [
              each.path,
              integer(each.version),
              each.rows === null ? "–" : integer(each.rows),
              integer(each.files),
              bytes(each.bytes),
              each.files === 0 ? "–" : bytes(each.bytes / each.files)
            ])
        )
  )

/** What somebody should do something about, above everything else. */
const attentionPart = ({ attention }: Status): HTMLElement =>
  part(
    "Needs attention",
    null,
    attention.length === 0
      ? h("p", {}, badge("good", "Nothing does"))
      : h(
          "ul",
          { class: "attention" },
          attention.map(({ hint, of, problem, severity }) =>
            h(
              "li",
              {},
              badge(severity === "error" ? "bad" : "warn", severity === "error" ? "Now" : "Look"),
              " ",
              h("strong", {}, of),
              ` ${problem}. `,
              h("span", { class: "muted" }, said(hint))
            )
          )
        )
  )

/** The four things to look at first. */
const facts = (status: Status): ReadonlyArray<HTMLElement> => {
  const { datasets, deadLetters, checks } = status
  const late = datasets.filter(({ freshness }) => freshness.state === "late")
  const open = datasets.filter(({ ledger }) => !ledger.closes)
  const wrong = checks?.results.filter(({ ok, severity }) => !ok && severity === "error") ?? []
  const letters = deadLetters.byReason.reduce((sum, { count }) => sum + count, 0)
  const lags = datasets.flatMap(({ lagMillis }) => (lagMillis === null ? [] : [lagMillis]))
  const gaps = gapsOf(datasets)
  const isSound = open.length === 0 && wrong.length === 0 && gaps === 0
  const is = (good: boolean, word: string, otherwise: string) => badge(good ? "good" : "bad", good ? word : otherwise)
  return [
    fact(
      "Records read",
      integer(datasets.reduce((sum, { records }) => sum + records, 0)),
      is(isSound, "Ledger closes, no gaps", gaps > 0 ? `${integer(gaps)} gaps` : `${open.length + wrong.length} checks do not hold`)
    ),
    fact(
      "Lag",
      lags.length === 0 ? "–" : duration(Math.max(...lags)),
      lags.length === 0 ? "No stream is read" : `The most of ${integer(lags.length)} ${lags.length === 1 ? "dataset" : "datasets"}`
    ),
    fact(
      "Freshness",
      `${datasets.length - late.length} of ${datasets.length}`,
      is(late.length === 0, "None is late", `${late.map(({ dataset }) => dataset).join(", ")} late`)
    ),
    fact(
      "Dead letters",
      integer(letters),
      letters === 0
        ? badge("good", "None wait")
        : badge("warn", `${bytes(deadLetters.byReason.reduce((sum, each) => sum + each.bytes, 0))} wait`)
    )
  ]
}

export const operatePage: Open = (place, meta) => {
  setTitle("Operate")
  const head = h("div", { class: "toolbar" })
  const body = h("div", { class: "grid" }, loading("the lake's state"))
  const asOf = h("p", { class: "freshness", role: "status" })
  put(
    place,
    h("div", { class: "page-head" }, h("h1", { tabindex: -1 }, "Operate"), h("p", { class: "lead" }, "What the lake does, now.")),
    head,
    asOf,
    body
  )
  const showHead = () =>
    put(
      head,
      h(
        "div",
        { class: "fields" },
        choice("refresh", "Refresh", intervals, intervalOf("10"), (refresh) => go(changed(readState(), { refresh }), "replace"))
      )
    )
  const show = async () => {
    try {
      const status = await get<Status>("/api/status")
      const now = Math.max(Date.parse(status.now), 0) || clock()
      asOf.textContent = `${status.lake} · as of ${moment(new Date(now))}`
      // Where the reader has opened a part, it stays open.
      const isOpen = body.querySelector("details[open]") !== null
      put(
        body,
        status.warnings.length > 0 &&
          h(
            "div",
            { class: "state warning whole", role: "status" },
            h("p", { class: "state-title" }, "Some of it could not be told"),
            h(
              "ul",
              {},
              status.warnings.map((warning) => h("li", {}, warning))
            )
          ),
        status.datasets.length === 0
          ? h(
              "div",
              { class: "whole" },
              empty(
                "The lake is empty",
                "Start ",
                h("code", {}, "sluice run"),
                " or ",
                h("code", {}, "sluice ingest"),
                "; this page shows it by itself."
              )
            )
          : [attentionPart(status), facts(status)],
        status.datasets.length > 0 && [
          datasetsPart(status.datasets, now),
          shardsPart(status.datasets, now),
          ledgerPart(status.datasets, checksList(status, now))
        ],
        lettersPart(status, meta.features.replay, now, () => void show()),
        runsPart(status.runs, now),
        filesPart(status.tables)
      )
      if (isOpen) for (const each of body.querySelectorAll("details")) each.open = true
    } catch (error) {
      put(
        body,
        h(
          "div",
          { class: "whole" },
          failed(error, () => void show())
        )
      )
    }
  }
  const seconds = () => Number(intervalOf("10"))
  const stops = [every(seconds, () => void show()), onNewer(() => seconds() > 0 && void show())]
  showHead()
  void show()
  return {
    update: showHead,
    stop: () => {
      for (const stop of stops) stop()
    }
  }
}
