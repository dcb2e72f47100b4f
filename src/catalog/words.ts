import type { Step } from "./plan.ts"

const done = { create: "created", update: "updated" } as const
const planned = { create: "would be created", update: "would be updated" } as const

/** What a step is, in words. @param isDone false: it is a plan */
export const stepWords = (step: Step, isDone = true): string => {
  switch (step.action) {
    case "create":
      return (isDone ? done : planned)[step.action]
    case "update":
      return [`${(isDone ? done : planned)[step.action]}: ${step.changes.join("; ")}`, ...keptWords(step.kept)].join("; ")
    case "nothing":
      return ["in step", ...keptWords(step.kept)].join("; ")
    case "refused":
      return `left alone: ${step.problem}`
    case "gone":
    case "unknown":
      return step.problem
  }
}

const keptWords = (kept: ReadonlyArray<string>): ReadonlyArray<string> =>
  kept.length === 0
    ? []
    : [`keeps ${kept.join(", ")}, which the table has no longer (--allow-drop takes ${kept.length === 1 ? "it" : "them"} out)`]
