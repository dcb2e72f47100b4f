import { Agent } from "node:http"
import { Agent as HttpsAgent } from "node:https"
import { Data, Effect, Schedule, type Scope } from "effect"
import type { Abort } from "../record/aws-call.ts"
import { keyProblem } from "./keys.ts"
import { causeOf, classify, type Verdict } from "./s3-errors.ts"
import type { S3 } from "./s3-sdk.ts"
import { StoreError } from "./store.ts"

/** Where a lake, or an input, on S3 lies, and how it is reached. Credentials come from where the AWS tools take them. */
export interface S3Settings {
  readonly bucket: string
  /** Keys of the lake begin with this and a slash; empty: the whole bucket. */
  readonly prefix: string
  /** Default: as the AWS tools find it (AWS_REGION, profile). */
  readonly region?: string | undefined
  /** Another server that speaks S3; addressed by path (`http://host/bucket/key`). */
  readonly endpoint?: string | undefined
  /** Id or ARN of the KMS key that encrypts every object. Default: what the bucket is set to. */
  readonly kmsKey?: string | undefined
  /** Milliseconds without a byte after which a request is given up. Small values give up on a slow network, large ones hang with a dead one. */
  readonly idleMillis?: number | undefined
  /** Nothing is ever written: what errors advise asks for no more rights than reading needs. */
  readonly readsOnly?: boolean
}

/** What writes of the object say of its encryption. */
export interface Encryption {
  readonly ServerSideEncryption?: "aws:kms"
  readonly SSEKMSKeyId?: string
  readonly BucketKeyEnabled?: boolean
}

/** A call failed, after the attempts that it was worth. */
export class Failed extends Data.TaggedError("Failed")<{ readonly verdict: Verdict; readonly cause: unknown }> {}

/** A way to S3, shared by what works on one prefix of one bucket. */
export interface S3Client {
  readonly bucket: string
  /** Before the keys of the store: empty, or with a slash at its end. */
  readonly prefix: string
  readonly encryption: Encryption
  /** For what may be done twice: tried again while that may help. */
  readonly call: <A>(f: Call<A>) => Effect.Effect<A, Failed>
  /** For what must not be done twice: tried again only where certainly nothing has happened. */
  readonly callOnce: <A>(f: Call<A>) => Effect.Effect<A, Failed>
}

type Call<A> = (s3: S3, abort: Abort) => Promise<A>

/** 100 ms, doubled up to 3 s, a fifth more or less; 8 attempts in all, over about 9 s. */
const backOff = Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("3 seconds")]).pipe(
  Schedule.jittered,
  Schedule.upTo({ times: 7 })
)

/**
 * The client of the AWS SDK, closed with the scope. The SDK itself never tries again: whether a request may be repeated depends on what it
 * is. A conditional put that is repeated after its answer got lost finds its own object and would read as lost.
 */
export const openClient = (settings: S3Settings): Effect.Effect<S3Client, StoreError, Scope.Scope> =>
  Effect.gen(function* () {
    const prefix = settings.prefix.replace(/^\/+|\/+$/g, "")
    const problem = prefix === "" ? null : keyProblem(prefix)
    if (problem !== null || settings.bucket === "")
      return yield* new StoreError({
        operation: "open",
        key: `s3://${settings.bucket}/${prefix}`,
        reason: "Invalid",
        hint: problem ?? "Name the bucket: s3://bucket/prefix."
      })
    const s3 = yield* Effect.acquireRelease(
      Effect.tryPromise({ try: () => makeSdk(settings), catch: (cause) => failure("open", settings.bucket, false)(failed(cause)) }),
      (s3) => Effect.sync(() => s3.destroy())
    )
    const attempt = <A>(f: Call<A>): Effect.Effect<A, Failed> =>
      Effect.tryPromise({ try: (abortSignal) => f(s3, { abortSignal }), catch: (cause) => failed(cause, settings.readsOnly) })
    return {
      bucket: settings.bucket,
      prefix: prefix === "" ? "" : `${prefix}/`,
      encryption:
        settings.kmsKey === undefined ? {} : { ServerSideEncryption: "aws:kms", SSEKMSKeyId: settings.kmsKey, BucketKeyEnabled: true },
      call: (f) => Effect.retry(attempt(f), { while: ({ verdict }) => verdict.again, schedule: backOff }),
      callOnce: (f) => Effect.retry(attempt(f), { while: ({ verdict }) => verdict.again && verdict.certain, schedule: backOff })
    }
  })

/** Whether S3 gave this name to the error. */
export const isNamed = ({ cause }: Failed, name: string): boolean => cause instanceof Error && cause.name === name

const failed = (cause: unknown, readsOnly = false): Failed => new Failed({ verdict: classify(cause, readsOnly), cause })

/** For `mapError`. @param writes the call may have written something although it failed */
export const failure =
  (operation: string, key: string, writes: boolean) =>
  ({ verdict: { reason, hint, certain }, cause }: Failed): StoreError =>
    writes && !certain
      ? new StoreError({
          operation,
          key,
          reason: "Ambiguous",
          hint: `Read the object back to learn what happened. ${hint}`,
          cause: causeOf(cause)
        })
      : new StoreError({ operation, key, reason, hint, cause: causeOf(cause) })

/** The SDK is loaded here, so that commands on local lakes do not pay for it. */
const makeSdk = async ({ bucket, region, endpoint, idleMillis = 30_000 }: S3Settings): Promise<S3> => {
  const { NodeHttpHandler, openS3 } = await import("./s3-sdk.ts")
  const connections = { keepAlive: true, maxSockets: 64 }
  return openS3({
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    // A certificate for *.s3.amazonaws.com does not fit a bucket whose name has dots.
    forcePathStyle: endpoint !== undefined || bucket.includes("."),
    maxAttempts: 1,
    // Waiting for leave to send costs a round trip for each part.
    expectContinueHeader: false,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: Math.min(5_000, idleMillis),
      socketTimeout: idleMillis,
      httpAgent: new Agent(connections),
      httpsAgent: new HttpsAgent(connections)
    })
  })
}
