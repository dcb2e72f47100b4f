import { getEnvironmentData, isMainThread } from "node:worker_threads"
import { type ContractDefinition, defineContract, versions } from "../../src/contract/contract.ts"
import { decimal, text, timestamp } from "../../src/contract/field.ts"
import { defineProject } from "../../src/contract/project.ts"

export const definition: ContractDefinition = {
  name: "order",
  title: "Orders",
  owner: "tests",
  sensitivity: "internal",
  description: "A small order.",
  fields: {
    orderId: text("Key."),
    lastChange: timestamp("When this version was made."),
    value: decimal(18, 2, "Value.")
  },
  table: versions({ key: ["orderId"], version: "lastChange", by: { day: "lastChange" } }),
  eventTime: { field: "lastChange" },
  drops: [],
  expectations: [],
  keepUnknown: false
}

/** The same, with an expectation that does something to the thread that decodes, unless it is the first one. */
const harmful = (name: string, harm: () => void) =>
  defineContract({
    ...definition,
    name,
    expectations: [
      {
        name: "harm",
        description: "",
        reads: ["value"],
        severity: "warn",
        holds: () => {
          if (!isMainThread) harm()
          return true
        }
      }
    ]
  })

const throwError = () => {
  throw new Error("thrown where it decodes")
}

const eaten: Array<Array<number>> = []

export const order = defineContract(definition)
/** Not within the expectation: that would not hold then, and no more. */
export const thrower = harmful("thrower", () => queueMicrotask(throwError))
export const quitter = harmful("quitter", () => process.exit(7))
export const eater = harmful("eater", () => {
  for (;;) eaten.push(Array.from({ length: 100_000 }, (_, i) => i + 0.5))
})

/** Waits until the test opens a gate, which it has told every thread of. */
export const waiter = harmful("waiter", () => {
  const gate = getEnvironmentData(gateName)
  if (gate instanceof Int32Array) Atomics.wait(gate, 0, 0)
})
export const gateName = "gate of the waiter"

/** Where a thread looks them up by name. */
export default defineProject({ name: "orders", contracts: [order, thrower, quitter, eater, waiter] })
