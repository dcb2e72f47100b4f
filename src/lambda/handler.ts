import { Cause, Clock, Context, Effect, Exit, Fiber, Layer, Logger, Option, References, Schema, Scope, Semaphore } from "effect"
import { exporters, FlushCollector } from "../app/collector.ts"
import { toldOf } from "../app/failures.ts"
import { jsonLine } from "../app/logging.ts"
import type { SettingName } from "../app/settings.ts"
import { warnOfUnknownVariables } from "../app/variables.ts"
import { scrub } from "../record/scrub.ts"
import { refuse } from "./refusal.ts"
import { everyFunctionsSettings, type FunctionValues, readFunctionSettings } from "./settings.ts"

/**
 * The door of a function. A process of Lambda handles many events, one after the other, and stands still between them. So what is made once stays open from
 * one event to the next, and nothing may wait to be sent or written when an answer is given. It ends without a word: what is right must not need a finalizer.
 */

/** What one call is about. */
export interface Invocation {
  readonly requestId: string
  /** When the answer must be there, milliseconds since 1970: a moment before Lambda would end the process. What is not done by then is interrupted. */
  readonly deadline: number
}

/** What Lambda tells of a call, as far as it is used. */
export interface LambdaContext {
  readonly awsRequestId: string
  readonly getRemainingTimeInMillis: () => number
}

/** IAM actions that a function needs, by what it needs them on: `{ lake: ["s3:GetObject"], … }`. A build compares them with the calls that the bundle can make. */
export type Actions = { readonly [on: string]: ReadonlyArray<string> }

export interface FunctionOptions<K extends SettingName, Made, Answer> {
  /** That of its file. */
  readonly name: string
  /** Settings that it reads, beside those that every function has. */
  readonly settings: ReadonlyArray<K>
  readonly actions: Actions
  /** IAM actions that Lambda needs, as the function's role, on the stream or the queue of its event source mapping: no call of the bundle. */
  readonly mapping?: ReadonlyArray<string>
  /** Calls that its bundle has beside others, and that it never makes: `kinesis.PutRecords`. They need no action. */
  readonly never?: ReadonlyArray<string>
  /** Which events it takes: others are refused before anything is opened. Without it, all of them. */
  readonly takes?: {
    readonly holds: (event: unknown) => boolean
    /** As a noun: `a scheduled event of EventBridge`. */
    readonly words: string
  }
  /** What the process makes once, at its first event, and keeps. Where it fails, that event fails, and the next one tries anew. */
  readonly open: (values: FunctionValues<K>) => Effect.Effect<Made, unknown, Scope.Scope>
  /** What an event comes to. Its scope is closed before the answer is given: what waits to be sent is sent then. */
  readonly handle: (made: Made, event: unknown, invocation: Invocation) => Effect.Effect<Answer, unknown, Scope.Scope>
}

/** A function as Lambda calls it, and what is known of it without calling it. It takes two arguments: with a third, Lambda refuses it. */
export interface LambdaFunction<Answer> {
  (event: unknown, context: LambdaContext): Promise<Answer>
  readonly about: {
    readonly name: string
    readonly settings: ReadonlyArray<SettingName>
    readonly actions: Actions
    readonly mapping: ReadonlyArray<string>
    readonly never: ReadonlyArray<string>
  }
}

/** The time that Lambda gives is over before the work is done. */
class OutOfTime extends Schema.TaggedError<OutOfTime>()("OutOfTime", { problem: Schema.String, hint: Schema.String }) {
  override get message(): string {
    return `${this.problem}. ${this.hint}`
  }
}

/** An error as Lambda shows it: by name and message. Its stack would be that of this file, and says nothing. */
class FunctionError extends Error {
  constructor(name: string, message: string) {
    super(message)
    this.name = name
    this.stack = `${name}: ${message}`
  }
}

/**
 * Milliseconds that are kept of the time that Lambda gives, for an end in good order: half for what must be closed, a quarter for what must be sent, and a quarter
 * that nothing is planned for. A fifth of the time, where that is less.
 */
const mostKept = 2_000
const keptOf = (left: number): number => Math.max(0, Math.min(mostKept, left / 5))

/** Milliseconds that a collector may take for what an event has to tell. */
const mostForCollector = 800

/** Straight to standard error, where a line is a line of the log: Lambda's own console would put another text around each. */
const logger = Logger.map(jsonLine, (line) => {
  process.stderr.write(`${line}\n`)
})
const plainLogging = Logger.layer([logger])

/**
 * Makes the function that Lambda calls.
 *
 * Its promise is rejected with an error whose name and message say what happened, where, and what to do.
 */
export const handlerOf = <const K extends SettingName, Made, Answer>(options: FunctionOptions<K, Made, Answer>): LambdaFunction<Answer> => {
  const { name, settings, actions, mapping = [], never = [] } = options
  const process = opened(options)
  const handler = async (event: unknown, context: LambdaContext): Promise<Answer> => {
    const exit = await Effect.runPromise(
      answer(options, process, event, context).pipe(
        Effect.annotateLogs({ function: name, requestId: context.awsRequestId }),
        Effect.provide(plainLogging),
        Effect.exit
      )
    )
    if (Exit.isSuccess(exit)) return exit.value
    throw errorOf(exit.cause)
  }
  return Object.assign(handler, { about: { name, settings: [...everyFunctionsSettings, ...settings], actions, mapping, never } })
}

const errorOf = (cause: Cause.Cause<unknown>): Error => {
  const { kind, message, isKnown } = toldOf(cause)
  return new FunctionError(kind, isKnown ? message : `an unexpected error, which is a defect of Sluice: ${scrub(message)}`)
}

/** What a process keeps from one event to the next. */
interface Opened<Made> {
  readonly made: Made
  /** Its loggers, and its collector. */
  readonly telemetry: Context.Context<never>
}

interface Process<Made> {
  /** Opens what is not open yet. */
  readonly open: Effect.Effect<Opened<Made>, unknown>
  /** The next event opens anew. */
  readonly forget: Effect.Effect<void>
}

const opened = <K extends SettingName, Made, Answer>({ open, settings }: FunctionOptions<K, Made, Answer>): Process<Made> => {
  let now: { readonly opened: Opened<Made>; readonly scope: Scope.Closeable } | null = null
  // Lambda may hand several events at once to one process.
  const turns = Semaphore.makeUnsafe(1)
  const make = Effect.gen(function* () {
    const values = yield* readFunctionSettings(settings)
    const scope = yield* Scope.make()
    const made = yield* Effect.gen(function* () {
      const telemetry = yield* Layer.build(
        Layer.mergeAll(
          values.otlp === null ? Layer.empty : exporters(values.otlp),
          Layer.succeed(References.MinimumLogLevel, values.logLevel)
        )
      )
      const made = yield* Effect.provide(Effect.andThen(warnOfUnknownVariables, open(values)), telemetry)
      return { made, telemetry }
    }).pipe(
      Scope.provide(scope),
      Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
    )
    now = { opened: made, scope }
    return made
  })
  return {
    open: turns.withPermits(1)(Effect.suspend(() => (now === null ? make : Effect.succeed(now.opened)))),
    forget: Effect.suspend(() => {
      const before = now
      now = null
      return before === null ? Effect.void : Effect.ignoreCause(Scope.close(before.scope, Exit.void))
    })
  }
}

/** Handles an event within its time, and sends what there is to tell of it. */
const answer = <K extends SettingName, Made, Answer>(
  { handle, takes }: FunctionOptions<K, Made, Answer>,
  { open, forget }: Process<Made>,
  event: unknown,
  { awsRequestId: requestId, getRemainingTimeInMillis }: LambdaContext
): Effect.Effect<Answer, unknown> =>
  Effect.gen(function* () {
    const left = getRemainingTimeInMillis()
    const kept = keptOf(left)
    const deadline = (yield* Clock.currentTimeMillis) + left - kept
    let telemetry = Context.empty()
    const work = Effect.gen(function* () {
      if (takes?.holds(event) === false) return yield* refuse(event, takes.words)
      const opened = yield* open
      telemetry = opened.telemetry
      return yield* handle(opened.made, event, { requestId, deadline }).pipe(Effect.scoped, Effect.provide(opened.telemetry))
    })
    const exit = yield* within(work, left - kept, kept / 2)
    const told = Exit.isFailure(exit) ? tell(exit.cause) : Effect.void
    // What is a defect may have left in any state what was made.
    const hasDied = Exit.isFailure(exit) && Cause.hasDies(exit.cause)
    const flush = Effect.flatMap(FlushCollector, (flush) => Effect.timeoutOption(flush, Math.min(mostForCollector, kept / 4)))
    yield* Effect.provide(Effect.andThen(told, flush), telemetry)
    if (hasDied) yield* forget
    return yield* exit
  })

/** The line of the log for an event that failed. */
const tell = (cause: Cause.Cause<unknown>): Effect.Effect<void> => {
  const { kind, message, isKnown } = toldOf(cause)
  return isKnown ? Effect.logError(message, { kind }) : Effect.logError(scrub(message), { kind, at: placesIn(cause) })
}

/** Where a defect came from: of a stack the places alone, since the message before them may hold anything. */
const placesIn = (cause: Cause.Cause<unknown>): string =>
  Cause.pretty(cause)
    .split("\n")
    .flatMap((line) => /^\s*at (.*)$/.exec(line)?.[1] ?? [])
    .join(" | ")

/**
 * Interrupts work that is not done in time, and waits a moment for what it closes.
 *
 * @param time milliseconds until it is interrupted
 * @param more milliseconds that are waited for it then
 */
const within = <A, E>(work: Effect.Effect<A, E>, time: number, more: number): Effect.Effect<Exit.Exit<A, E | OutOfTime>> =>
  Effect.gen(function* () {
    // Not a child: what does not let itself be interrupted must not hold the answer back.
    const fiber = yield* Effect.forkDetach(work)
    const done = yield* Effect.timeoutOption(Fiber.await(fiber), time)
    if (Option.isSome(done)) return done.value
    const ended = yield* Fiber.interrupt(fiber).pipe(Effect.andThen(Fiber.await(fiber)), Effect.timeoutOption(more))
    if (Option.isSome(ended) && (Exit.isSuccess(ended.value) || !Cause.hasInterruptsOnly(ended.value.cause))) return ended.value
    return Exit.fail(
      new OutOfTime({
        problem: `the work was not done within ${Math.round(time / 100) / 10} s, and was cut off`,
        hint: "What was committed stays, and what was not comes again. Where this goes on, give the function a longer timeout, or smaller batches."
      })
    )
  })
