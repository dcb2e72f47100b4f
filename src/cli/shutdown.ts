import { Context, Deferred, Effect, Fiber, type Scope } from "effect"

/** How a command learns that it must stop. */
export class Shutdown extends Context.Service<
  Shutdown,
  {
    /** Succeeds when SIGTERM or SIGINT came, for commands that `drain`. */
    readonly requested: Effect.Effect<void>
    /** While its scope is open, a first signal only succeeds `requested`: the command finishes its batch and ends by itself. */
    readonly drain: Effect.Effect<void, never, Scope.Scope>
  }
>()("sluice/Shutdown") {}

/** Ctrl-C in a terminal reaches every process that runs there, and npm passes its own on: what comes within these milliseconds is one signal. */
const echo = 250

/** Milliseconds that a drain may take. One that takes longer waits for a service that does not answer; what it has not committed is read again. */
const patience = 60_000

/** Ends the process as the signal does where nobody listens: an exit would wait for what DuckDB's threads are at. */
const endAtOnce = (signal: NodeJS.Signals, code: number): never => {
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
  // The first process of a container cannot be ended by a signal of its own.
  process.exit(code)
}

/**
 * Runs the program with signals wired: the first asks a draining command to finish, which has a minute for it, or interrupts any other; a second
 * one ends the process at once. That loses nothing: what is not committed is read again. A reader that closes standard output (`| head`) interrupts the program too.
 *
 * @returns the exit code
 */
export const runWithSignals = (program: Effect.Effect<number, never, Shutdown>): Promise<number> => {
  const requested = Deferred.makeUnsafe<void>()
  let draining = 0
  let last = Number.NEGATIVE_INFINITY
  let signals = 0
  const say = Effect.gen(function* () {
    yield* Deferred.await(requested)
    yield* Effect.logInfo("finishing the batch; signal again to stop at once")
    yield* Effect.sleep(patience)
    yield* Effect.logWarning(`not finished within ${patience / 1000} s, given up: what is not committed is read again`)
    interrupt(Number(process.exitCode))
  })
  const shutdown = Shutdown.of({
    requested: Deferred.await(requested),
    drain: Effect.acquireRelease(
      Effect.sync(() => {
        draining++
      }),
      () =>
        Effect.sync(() => {
          draining--
        })
    ).pipe(Effect.andThen(Effect.forkScoped(say)), Effect.asVoid)
  })
  const fiber = Effect.runFork(Effect.provideService(program, Shutdown, shutdown))
  const interrupt = (code: number) => {
    process.exitCode = code
    Effect.runFork(Fiber.interrupt(fiber))
  }
  const onSignal = (signal: NodeJS.Signals) => {
    const at = performance.now()
    if (at - last < echo) return
    last = at
    signals++
    const code = signal === "SIGINT" ? 130 : 143
    if (signals > 1) endAtOnce(signal, code)
    // Also for a command that drains, finds its work undone and interrupts itself; one that ends has its own code.
    process.exitCode = code
    if (draining > 0) {
      Effect.runFork(Deferred.succeed(requested, undefined))
    } else {
      interrupt(code)
    }
  }
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error
    interrupt(141)
  })
  process.on("SIGTERM", onSignal)
  process.on("SIGINT", onSignal)
  // Without listeners the work goes on.
  process.stderr.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error
  })
  return Effect.runPromise(Fiber.await(fiber)).then((exit) => (exit._tag === "Success" ? exit.value : Number(process.exitCode ?? 1)))
}
