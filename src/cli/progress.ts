import { Clock, Effect, type Scope } from "effect"
import { bytes } from "./output.ts"
import { Pace, timeLeft } from "./pace.ts"
import { columnsOf, cutTo, oneLine } from "./terminal.ts"

/** How far long work is: a line that rewrites itself on a terminal, and a line of the log now and then elsewhere. */
export interface Progress {
  /**
   * @param fraction 0 to 1, or null where the end is not known
   * @param text what is done, in words
   * @param done bytes that are done, where a rate of them says something
   */
  readonly show: (fraction: number | null, text: string, done?: number) => void
  readonly clear: () => void
}

export interface ProgressOptions {
  /** A line of the log every so many milliseconds where there is no terminal; null: none. Default half a minute. */
  readonly logEvery?: number | null
}

const widestBar = 24
/** Drawn at most about twelve times a second, and each second even where nothing was told: a line of the log may have taken its place. */
const minimumMillis = 80
const tickMillis = 1_000
const defaultLogEvery = 30_000

const silent: Progress = { show: () => {}, clear: () => {} }

/** What was told last, and the pace of it. */
class State {
  fraction: number | null = null
  text = ""
  readonly #work = new Pace()
  readonly #bytes = new Pace()

  tell(now: number, fraction: number | null, text: string, done: number | undefined): void {
    this.fraction = fraction === null ? null : Math.min(1, Math.max(0, fraction))
    this.text = text
    if (this.fraction !== null) this.#work.add(now, this.fraction)
    if (done !== undefined) this.#bytes.add(now, done)
  }

  /** In words, with the time left and a rate, as far as somebody knows them: what a narrow terminal has no room for comes last. */
  words(): string {
    const perMilli = this.#work.perMilli()
    const rate = this.#bytes.perMilli()
    return [
      ...(this.fraction === null ? [] : [`${Math.floor(Math.round(this.fraction * 1000) / 10)} %`]),
      ...(this.fraction === null || perMilli === null || this.fraction === 1 ? [] : [timeLeft((1 - this.fraction) / perMilli)]),
      ...(rate === null ? [] : [`${bytes(rate * 1000)}/s`]),
      this.text
    ].join(", ")
  }
}

/**
 * Shows progress on standard error until the scope closes, which clears it. Nothing is drawn where that is no terminal, or one that cannot rewrite a
 * line; the log tells then, at times of the Clock.
 *
 * @param enabled false: nothing is shown at all
 */
export const makeProgress = (
  label: string,
  enabled: boolean,
  { logEvery = defaultLogEvery }: ProgressOptions = {}
): Effect.Effect<Progress, never, Scope.Scope> =>
  Effect.gen(function* () {
    if (!enabled) return silent
    const clock = yield* Clock.Clock
    const state = new State()
    if (columnsOf(process.stderr) === null || process.env["TERM"] === "dumb") {
      if (logEvery === null) return silent
      const log = Effect.suspend(() => (state.text === "" ? Effect.void : Effect.logInfo(`${label}: ${state.words()}`)))
      yield* Effect.forkScoped(Effect.forever(Effect.delay(log, logEvery)))
      return { show: (...told) => state.tell(clock.currentTimeMillisUnsafe(), told[0], told[1], told[2]), clear: () => {} }
    }
    let drawn = Number.NEGATIVE_INFINITY
    const clear = () => {
      state.text = ""
      process.stderr.write("\r\x1b[2K")
    }
    const draw = () => {
      if (state.text === "") return
      drawn = clock.currentTimeMillisUnsafe()
      const { fraction } = state
      const columns = columnsOf(process.stderr) ?? 80
      const width = Math.min(widestBar, Math.floor(columns / 4))
      const filled = Math.round((fraction ?? 0) * width)
      const bar = fraction === null ? "" : `[${"█".repeat(filled)}${"·".repeat(width - filled)}] `
      const line = cutTo(oneLine(`${label.padEnd(12)} ${bar}${state.words()}`), columns - 1)
      process.stderr.write(`\r\x1b[2K${line}`)
    }
    yield* Effect.addFinalizer(() => Effect.sync(clear))
    yield* Effect.forkScoped(Effect.forever(Effect.delay(Effect.sync(draw), tickMillis)))
    return {
      show: (fraction, text, done) => {
        const now = clock.currentTimeMillisUnsafe()
        state.tell(now, fraction, text, done)
        if (now - drawn >= minimumMillis) draw()
      },
      clear
    }
  })
