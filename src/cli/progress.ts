import { Clock, Effect } from "effect"

/** A line that rewrites itself on a terminal, and nothing at all in a pipe. */
export interface Progress {
  /** @param fraction 0 to 1, or null where the end is not known */
  readonly show: (fraction: number | null, text: string) => void
  readonly clear: () => void
}

const width = 24
const minimumMillis = 80

/** Draws on standard error, at most about twelve times a second, if that is a terminal. */
export const makeProgress = (label: string, enabled: boolean): Effect.Effect<Progress> =>
  Effect.map(Clock.Clock, (clock) => {
    if (!enabled || !process.stderr.isTTY) return { show: () => {}, clear: () => {} }
    let drawn = 0
    return {
      show: (fraction, text) => {
        const now = clock.currentTimeMillisUnsafe()
        if (now - drawn < minimumMillis) return
        drawn = now
        const filled = Math.round(Math.min(1, Math.max(0, fraction ?? 0)) * width)
        const bar = fraction === null ? "" : `[${"█".repeat(filled)}${"·".repeat(width - filled)}] `
        const line = `${label.padEnd(12)} ${bar}${text}`
        process.stderr.write(`\r\x1b[2K${line.slice(0, Math.max(20, (process.stderr.columns ?? 100) - 1))}`)
      },
      clear: () => {
        process.stderr.write("\r\x1b[2K")
      }
    }
  })
