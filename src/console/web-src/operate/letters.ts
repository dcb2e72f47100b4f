/** Dead letters: how many, why, where one of them stands; and, where the server allows it, to try them again. */
import type { DeadLetterState, ReplayAnswer, ReplayRequest, Status } from "../../api.ts"
import { type Child, h, put } from "../dom.ts"
import { post } from "../fetch.ts"
import { bytes, integer, words } from "../format.ts"
import { empty, failed } from "../states.ts"
import { table } from "../table.ts"
import { ago } from "./datasets.ts"
import { part } from "./parts.ts"

/** Asks before it does anything: a replay writes into the lake. */
const replayDialog = (letter: DeadLetterState, done: () => void): HTMLDialogElement => {
  const says = h("div", { role: "status" })
  const start = h("button", {
    type: "button",
    class: "primary",
    click: async () => {
      start.disabled = true
      put(says, "Replaying…")
      try {
        const body: ReplayRequest = { dataset: letter.dataset, reason: letter.reason }
        const { records, rows } = await post<ReplayAnswer>("/api/replay", body)
        put(says, `${integer(records)} records were tried again, ${integer(rows)} are rows now.`)
        done()
      } catch (error) {
        put(says, failed(error))
        start.disabled = false
      }
    }
  })
  start.textContent = "Replay them"
  const dialog: HTMLDialogElement = h(
    "dialog",
    { class: "ask", "aria-label": "Replay dead letters", close: () => dialog.remove() },
    h("h2", {}, `Replay ${integer(letter.count)} dead letters of ${letter.dataset}?`),
    h(
      "p",
      {},
      `Those of ${letter.dataset} with the reason ${words(letter.reason).toLowerCase()} are read through today's contract; others wait on. What is a row now is committed, once.`
    ),
    says,
    h("div", { class: "tools" }, start, h("button", { type: "button", class: "tool", click: () => dialog.close() }, "Close"))
  )
  return dialog
}

const example = ({ example: one }: DeadLetterState): Child =>
  one === null
    ? "–"
    : [
        one.path !== null && h("code", {}, one.path),
        h(
          "span",
          { class: "sub" },
          `${one.source} · ${one.shard} · `,
          h("span", { class: "cut", title: one.sequenceNumber }, one.sequenceNumber)
        )
      ]

export const lettersPart = ({ deadLetters }: Status, canReplay: boolean, now: number, again: () => void): HTMLElement => {
  const { byReason } = deadLetters
  const replay = (letter: DeadLetterState) =>
    h(
      "button",
      {
        type: "button",
        class: "tool",
        "aria-label": `Replay ${letter.dataset}, ${letter.reason}`,
        click: () => {
          const dialog = replayDialog(letter, again)
          document.body.append(dialog)
          dialog.showModal()
        }
      },
      "Replay"
    )
  return part(
    "Dead letters",
    canReplay
      ? "Records that could not become rows, and why."
      : "Records that could not become rows, and why. `sluice replay` tries them again; here it is off.",
    byReason.length === 0
      ? empty("No dead letters wait", "Every record became a row.")
      : table(
          "Dead letters by reason",
          [
            { name: "Reason" },
            { name: "Dataset" },
            { name: "Count", isNumber: true },
            { name: "Size", isNumber: true },
            { name: "Last", isNumber: true },
            { name: "One of them" },
            ...(canReplay ? [{ name: "Do" }] : [])
          ],
          byReason.map((letter) => [
            h("code", {}, letter.reason),
            letter.dataset,
            integer(letter.count),
            bytes(letter.bytes),
            ago(letter.lastAt, now),
            example(letter),
            ...(canReplay ? [replay(letter)] : [])
          ])
        )
  )
}
