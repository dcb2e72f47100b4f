import { availableParallelism, cpus, totalmem } from "node:os"

/** Where it was measured: absolute figures mean nothing without it. */
export const machine = (): Readonly<Record<string, string | number>> => ({
  processor: cpus()[0]?.model ?? "unknown",
  cores: availableParallelism(),
  memoryGiB: Math.round(totalmem() / 1024 ** 3),
  node: process.version,
  platform: `${process.platform} ${process.arch}`
})
