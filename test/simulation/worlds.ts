import { runAnnouncedSeed } from "./announced/world.ts"
import { runFilesSeed } from "./files-world.ts"
import { runLocalSeed } from "./local-stream/world.ts"
import { runMappedSeed } from "./mapped-world.ts"
import { runSeed } from "./stream-world.ts"
import type { Outcome, RunOptions } from "./world.ts"

/** The kinds of worlds that are simulated, and what runs one from its seed. */
export const worlds = {
  stream: runSeed,
  files: runFilesSeed,
  announced: runAnnouncedSeed,
  esm: runMappedSeed,
  local: runLocalSeed
} satisfies Record<string, (seed: number, options?: RunOptions) => Promise<Outcome>>

export type WorldKind = keyof typeof worlds

export const isWorld = (kind: string): kind is WorldKind => Object.hasOwn(worlds, kind)
