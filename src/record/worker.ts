/** As the npm scripts limit the main thread, in megabytes: what is large lives outside of the heap. */
export const resourceLimits = { maxOldGenerationSizeMb: 320, maxYoungGenerationSizeMb: 24 }

/** Did a thread end because its heap was full? */
export const isOutOfMemory = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY"
