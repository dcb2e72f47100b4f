import type { Attention, CheckState, DatasetState, DeadLetterState, RunState } from "./api.ts"

/** Milliseconds that a stream may be behind until somebody should look: reading goes on with the oldest, and a stream lets go of that after a day. */
const lagLimit = 15 * 60_000

/**
 * What somebody should do something about, the worst first: each with what it is and what helps.
 *
 * @param runs those that ended last come first
 */
export const attentionOf = (
  datasets: ReadonlyArray<DatasetState>,
  checks: ReadonlyArray<CheckState>,
  runs: ReadonlyArray<RunState>,
  letters: ReadonlyArray<DeadLetterState>
): ReadonlyArray<Attention> => [
  ...checks
    .filter(({ ok, severity }) => !ok && severity === "error")
    .map(({ detail, name, table }) =>
      bad(table, `${name}: ${detail}`, "Stop what writes to the table, and run sluice verify: it names what is missing or there twice.")
    ),
  ...datasets
    .filter(({ gaps }) => gaps > 0)
    .map(({ dataset, gaps }) =>
      bad(
        dataset,
        `${gaps} ${gaps === 1 ? "gap" : "gaps"} in a stream: it let go of records before they were read`,
        "Send these records again from where they came; keep the stream for longer, or read with more workers."
      )
    ),
  ...datasets
    .filter(({ freshness }) => freshness.state === "late")
    .map(({ dataset, freshness }) =>
      bad(
        dataset,
        `nothing was committed for ${freshness.ageMinutes} minutes, and its contract allows ${freshness.limitMinutes}`,
        "Is sluice run running, and does its source send? Its log and sluice doctor say so."
      )
    ),
  ...datasets
    .filter(({ lagMillis }) => lagMillis !== null && lagMillis > lagLimit)
    .map(({ dataset, lagMillis }) =>
      bad(
        dataset,
        `reading is ${Math.round((lagMillis ?? 0) / 60_000)} minutes behind its stream`,
        "Start further workers (sluice run --workers), or give it more processors."
      )
    ),
  ...newestOf(runs)
    .filter(({ outcome }) => outcome.toLowerCase() === "fail")
    .map(({ dataset, error, kind }) =>
      bad(
        dataset,
        `the last ${kind} failed${error === null ? "" : `: ${error}`}`,
        "Mend what the error says; the next run takes up what this one left."
      )
    ),
  ...checks
    .filter(({ ok, severity }) => !ok && severity === "warning")
    .map(({ detail, name, table }) => warn(table, `${name}: ${detail}`, "sluice verify says more.")),
  ...[...new Set(letters.map(({ dataset }) => dataset))].map((dataset) => {
    const own = letters.filter((letter) => letter.dataset === dataset)
    const count = own.reduce((sum, letter) => sum + letter.count, 0)
    return warn(
      dataset,
      `${count} dead ${count === 1 ? "letter waits" : "letters wait"}, most for ${own[0]?.reason}`,
      "docs/dead-letters.md says what helps by reason; then replay them."
    )
  })
]

const bad = (of: string, problem: string, hint: string): Attention => ({ severity: "error", of, problem, hint })
const warn = (of: string, problem: string, hint: string): Attention => ({ severity: "warning", of, problem, hint })

/** Of each kind of run of a dataset the one that ended last: what failed and was made up for is over. */
const newestOf = (runs: ReadonlyArray<RunState>): ReadonlyArray<RunState> => {
  const found = new Map<string, RunState>()
  for (const run of runs) if (!found.has(`${run.kind} ${run.dataset}`)) found.set(`${run.kind} ${run.dataset}`, run)
  return [...found.values()]
}
