/** Runs a share of seeds in a process of its own, for `run-seeds.ts`: sends each outcome to its parent. */
import type { Share } from "./run-seeds.ts"
import { worlds } from "./worlds.ts"

const share: Share = JSON.parse(process.argv[2] ?? "{}")
// Without its parent nobody wants to know.
process.on("disconnect", () => process.exit())
for (let i = 0; i < share.seeds; i++) {
  const outcome = await worlds[share.world ?? "stream"](share.from + i * share.step, { duckdbShare: share.duckdbShare })
  process.send?.(outcome)
  if (share.stopAtViolation && outcome.violations.length > 0) break
}
process.disconnect?.()
