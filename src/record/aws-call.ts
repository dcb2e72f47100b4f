import { Data, Effect, Schedule, type Scope } from "effect"
import { type AwsReason, awsErrorParts, classifyAws, neverConnected } from "./aws-errors.ts"

/** A call failed, after the attempts that it was worth. */
export class CallFailed extends Data.TaggedError("CallFailed")<{
  /** As the API names it: `StartJobRun`, … */
  readonly operation: string
  readonly reason: AwsReason
  /** The service's own name of the error: `ConflictException`, … */
  readonly name: string
  /** What the service said, without its full stop. */
  readonly detail: string
  /** Certainly nothing was done. False: it may have been, and the answer got lost. */
  readonly certain: boolean
}> {}

/** Where a service is. Credentials come from where the AWS tools take them. */
export interface ServicePlace {
  /** Default: as the AWS tools find it (AWS_REGION, profile). */
  readonly region: string | null
  /** URL of something else than AWS. */
  readonly endpoint: string | null
}

/** A service of AWS, called by its SDK. */
export interface Caller<Client> {
  /** For what may be done twice: tried again while that may help. */
  readonly call: <A>(operation: string, send: Send<Client, A>) => Effect.Effect<A, CallFailed>
  /** For what must not be done twice: tried again only where certainly nothing has happened. */
  readonly callOnce: <A>(operation: string, send: Send<Client, A>) => Effect.Effect<A, CallFailed>
}

/** What ends a call that nobody waits for any more. */
export interface Abort {
  readonly abortSignal: AbortSignal
}

type Send<Client, A> = (client: Client, abort: Abort) => Promise<A>

/** Until a connection stands, and until an answer has come whole, in milliseconds. */
const connectMillis = 5_000
const callMillis = 30_000

/** 500 ms, doubled up to 10 s, a fifth more or less; 8 attempts in all, over about half a minute: some services allow an account few calls a second. */
const backOff = Schedule.min([Schedule.exponential("500 millis"), Schedule.spaced("10 seconds")]).pipe(
  Schedule.jittered,
  Schedule.upTo({ times: 7 })
)

const mayPass = ({ reason }: CallFailed): boolean => reason === "Throttled" || reason === "Unavailable"

/**
 * Makes a client, which is closed with the scope. The SDK itself never tries again: whether a call may be repeated depends on what it is.
 *
 * @param make loads the SDK, which nobody else should wait for, and makes its client
 * @param own what errors of the service mean that are not common to all, by name
 */
export const openCaller = <Client extends { readonly destroy: () => void }>(
  { region, endpoint }: ServicePlace,
  make: (config: ClientConfig) => Promise<Client>,
  own: { readonly [name: string]: AwsReason } = {}
): Effect.Effect<Caller<Client>, CallFailed, Scope.Scope> =>
  Effect.gen(function* () {
    let hasWorked = false
    const client = yield* Effect.acquireRelease(
      Effect.tryPromise({
        try: async () =>
          make({
            maxAttempts: 1,
            requestHandler: { connectionTimeout: connectMillis, requestTimeout: callMillis, throwOnRequestTimeout: true },
            ...(region === null ? {} : { region }),
            ...(endpoint === null ? {} : { endpoint })
          }),
        catch: (cause) => failed("Connect", cause, false, own)
      }),
      (made) => Effect.sync(() => made.destroy())
    )
    const attempt = <A>(operation: string, send: Send<Client, A>): Effect.Effect<A, CallFailed> =>
      Effect.tryPromise({
        try: async (abortSignal) => {
          const answer = await send(client, { abortSignal })
          hasWorked = true
          return answer
        },
        catch: (cause) => failed(operation, cause, hasWorked, own)
      })
    return {
      call: (operation, send) => Effect.retry(attempt(operation, send), { while: mayPass, schedule: backOff }),
      callOnce: (operation, send) =>
        Effect.retry(attempt(operation, send), { while: (error) => mayPass(error) && error.certain, schedule: backOff })
    }
  })

interface ClientConfig {
  readonly maxAttempts: number
  readonly requestHandler: { readonly connectionTimeout: number; readonly requestTimeout: number; readonly throwOnRequestTimeout: boolean }
  readonly region?: string
  readonly endpoint?: string
}

const failed = (operation: string, cause: unknown, hasWorked: boolean, own: { readonly [name: string]: AwsReason }): CallFailed => {
  const { name, message, status, code } = awsErrorParts(cause)
  const reason = (Object.hasOwn(own, name) ? own[name] : undefined) ?? classifyAws(cause, hasWorked)
  return new CallFailed({
    operation,
    reason,
    name,
    detail: (message.split(/[\r\n]/, 1)[0] ?? "").replace(/\.\s*$/, "") || name,
    certain: reason !== "Unavailable" || neverConnected.has(code) || (status !== undefined && status < 500)
  })
}

/** What a page of a list has, and where the next begins. */
export interface Page<A> {
  readonly items: ReadonlyArray<A>
  readonly next: string | undefined
}

/** Every page of a list. */
export const allPages = <A, E>(page: (token: string | undefined) => Effect.Effect<Page<A>, E>): Effect.Effect<ReadonlyArray<A>, E> =>
  Effect.gen(function* () {
    const all: Array<A> = []
    let token: string | undefined
    do {
      const { items, next }: Page<A> = yield* page(token)
      all.push(...items)
      token = next
    } while (token !== undefined && token !== "")
    return all
  })
