import { isMainThread } from "node:worker_threads"
import { defineContract } from "../../src/contract/contract.ts"
import { defineProject } from "../../src/contract/project.ts"
import { definition } from "./order.ts"

/** Orders of which those worth 1,000 and more end the thread that decodes them, unless it is the first one. */
export const poisoned = defineContract({
  ...definition,
  expectations: [
    {
      name: "poison",
      description: "",
      reads: ["value"],
      severity: "warn",
      holds: ({ value }) => {
        if (!isMainThread && typeof value === "bigint" && value >= 100_000n) process.exit(7)
        return true
      }
    }
  ]
})

/** Where a thread looks it up by name. */
export default defineProject({ name: "poison", contracts: [poisoned] })
