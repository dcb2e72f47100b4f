import { Effect } from "effect"
import { settings, variableOf } from "./settings.ts"

/** Begin as settings do, and are none: they are for this project's tests, and for scripts around a clone. */
const ofTests = /^SLUICE_(TEST_|REPO$)/

/** Kubernetes sets these in every container that can see a service named `sluice…`. */
const ofService = /_SERVICE_(HOST|PORT(_\w+)?)$|_PORT(_\d+_(TCP|UDP)(_\w+)?)?$/

export interface UnknownVariable {
  readonly name: string
  /** The setting's variable that was probably meant; null where none is near. */
  readonly nearest: string | null
}

/** Variables that look like settings, are set, and do nothing: a typo is no error that anybody else would tell. */
export const unknownVariables = (environment: NodeJS.ProcessEnv = process.env): ReadonlyArray<UnknownVariable> => {
  const known = Object.values(settings).map(({ name }) => variableOf(name))
  return Object.entries(environment)
    .filter(
      ([name, value]) => /^SLUICE_/i.test(name) && value !== "" && !known.includes(name) && !ofTests.test(name) && !ofService.test(name)
    )
    .map(([name]) => ({ name, nearest: nearestTo(name.toUpperCase(), known) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** What to say of one. */
export const unknownText = ({ name, nearest }: UnknownVariable): string =>
  `${name} is no setting and does nothing${nearest === null ? ": sluice doctor lists all that there are" : `: did you mean ${nearest}?`}`

/** Tells of each on standard error; without them it costs nothing that can be measured. */
export const warnOfUnknownVariables: Effect.Effect<void> = Effect.suspend(() =>
  Effect.forEach(unknownVariables(), (each) => Effect.logWarning(unknownText(each)), { discard: true })
)

const nearestTo = (name: string, known: ReadonlyArray<string>): string | null => {
  const most = Math.max(2, Math.ceil((name.length - "SLUICE_".length) / 3))
  const near = known.map((other) => ({ other, edits: editsBetween(name, other) })).filter(({ edits }) => edits <= most)
  near.sort((a, b) => a.edits - b.edits)
  return near[0]?.other ?? null
}

/** Letters to put in, take out or replace to make one text of another (Levenshtein). */
const editsBetween = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...b].entries())
      next.push(Math.min((row[j] ?? 0) + (letter === other ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    row = next
  }
  return row[b.length] ?? 0
}
