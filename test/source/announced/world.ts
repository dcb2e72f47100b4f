import { createHash } from "node:crypto"
import { Clock, Context, Effect, Exit, Scheduler } from "effect"
import { CallFailed } from "../../../src/record/aws-call.ts"
import type { AwsReason } from "../../../src/record/aws-errors.ts"
import { Failed } from "../../../src/store/s3-client.ts"
import { classify } from "../../../src/store/s3-errors.ts"
import type { NamedObject, ObjectReader } from "../../../src/store/s3-reader.ts"
import type { QueueApi, QueueMessage } from "../../../src/stream/sqs/api.ts"
import { VirtualTime } from "../../simulation/virtual-time.ts"

export const start = Date.UTC(2026, 10, 28, 19)
export const queueUrl = "https://sqs.eu-west-1.amazonaws.com/123456789012/raw"

interface Sent {
  readonly id: string
  readonly body: string
  readonly sentAt: number
  visibleAt: number
  received: number
  firstReceivedAt: number
  receipt: string | null
}

/** A queue in memory, as SQS keeps it, with knobs. */
export class QueueStandIn implements QueueApi {
  readonly url = queueUrl
  readonly sent = new Map<string, Sent>()
  /** What was asked, in order. */
  readonly asked: Array<string> = []
  /** How often each message was given out. */
  readonly given = new Map<string, number>()
  /** Calls of this name fail so, as many times. */
  failNext: { operation: string; reason: AwsReason; times: number } | null = null
  /** Entries of the next removals fail, as many. */
  keeps = 0
  /** Extensions get lost. */
  forgetsHides = false
  #ids = 0

  /** @returns the message's id */
  send(body: unknown, now = start): string {
    const id = `m-${++this.#ids}`
    const text = typeof body === "string" ? body : JSON.stringify(body)
    this.sent.set(id, { id, body: text, sentAt: now, visibleAt: 0, received: 0, firstReceivedAt: 0, receipt: null })
    return id
  }

  receive: QueueApi["receive"] = ({ most, waitSeconds, visibleAfter }) =>
    this.#call(
      "receive",
      Effect.gen({ self: this }, function* () {
        const until = (yield* Clock.currentTimeMillis) + waitSeconds * 1000
        for (;;) {
          const now = yield* Clock.currentTimeMillis
          const visible = [...this.sent.values()].filter(({ visibleAt }) => visibleAt <= now).slice(0, most)
          if (visible.length > 0 || now >= until) {
            return visible.map((message): QueueMessage => {
              message.received++
              message.firstReceivedAt ||= now
              message.receipt = `${message.id}/${message.received}`
              message.visibleAt = now + visibleAfter * 1000
              this.given.set(message.id, message.received)
              const { id, receipt, body, sentAt, received } = message
              return { id, receipt, body, sentAt, received }
            })
          }
          const next = Math.min(...[...this.sent.values()].map(({ visibleAt }) => visibleAt))
          yield* Effect.sleep(Math.min(until - now, Math.max(100, next - now)))
        }
      })
    )

  hide: QueueApi["hide"] = (receipts, visibleAfter) =>
    this.#call(
      "hide",
      Effect.map(Clock.currentTimeMillis, (now) =>
        receipts.filter((receipt) => {
          const message = this.#of(receipt)
          if (message === undefined || message.visibleAt <= now) return true
          if (!this.forgetsHides) message.visibleAt = now + visibleAfter * 1000
          return false
        })
      )
    )

  remove: QueueApi["remove"] = (receipts) =>
    this.#call(
      "remove",
      Effect.sync(() => {
        const kept = receipts.slice(0, this.keeps)
        this.keeps -= kept.length
        const failed = receipts.filter((receipt) => kept.includes(receipt) || this.#of(receipt) === undefined)
        for (const receipt of receipts.slice(kept.length)) {
          const message = this.#of(receipt)
          if (message !== undefined) this.sent.delete(message.id)
        }
        return failed
      })
    )

  #of(receipt: string): Sent | undefined {
    const message = this.sent.get(receipt.slice(0, receipt.indexOf("/")))
    return message?.receipt === receipt ? message : undefined
  }

  #call<A>(operation: string, answer: Effect.Effect<A>): Effect.Effect<A, CallFailed> {
    return Effect.suspend(() => {
      this.asked.push(operation)
      const { failNext } = this
      if (failNext === null || failNext.operation !== operation || failNext.times === 0) return Effect.delay(answer, 10)
      failNext.times--
      return Effect.fail(new CallFailed({ operation, reason: failNext.reason, name: failNext.reason, detail: "so it is", certain: true }))
    })
  }
}

/** Objects in memory, of any bucket, with knobs. */
export class ObjectsStandIn implements ObjectReader {
  readonly #kept = new Map<string, Uint8Array>()
  /** Answers of S3 instead of an object, by key: how often. */
  readonly refusals = new Map<string, { readonly name: string; readonly status: number; times: number }>()
  /** Keys and ranges, in order. */
  readonly asked: Array<string> = []

  /** @returns its etag */
  put(bucket: string, key: string, body: string | Uint8Array): string {
    this.#kept.set(`${bucket}/${key}`, Buffer.from(body))
    return etagOf(body)
  }

  delete(bucket: string, key: string): void {
    this.#kept.delete(`${bucket}/${key}`)
  }

  refuse(key: string, name: string, status: number, times = Number.POSITIVE_INFINITY): void {
    this.refusals.set(key, { name, status, times })
  }

  describe: ObjectReader["describe"] = (object) =>
    Effect.map(this.#find(object, "head"), (bytes) => ({ size: bytes.length, etag: etagOf(bytes) }))

  read: ObjectReader["read"] = (object, from, to) => Effect.map(this.#find(object, `${from}-${to}`), (bytes) => bytes.subarray(from, to))

  #find({ bucket, key, etag }: NamedObject, asked: string): Effect.Effect<Uint8Array, Failed> {
    return Effect.suspend(() => {
      this.asked.push(`${key} ${asked}`)
      const refusal = this.refusals.get(key)
      if (refusal !== undefined && refusal.times > 0) {
        refusal.times--
        return Effect.fail(failed(refusal.name, refusal.status))
      }
      const bytes = this.#kept.get(`${bucket}/${key}`)
      if (bytes === undefined) return Effect.fail(failed("NoSuchKey", 404))
      if (etag !== null && etag !== etagOf(bytes)) return Effect.fail(failed("PreconditionFailed", 412))
      return Effect.delay(Effect.succeed(bytes), 20)
    })
  }
}

const failed = (name: string, status: number): Failed => {
  const cause = Object.assign(new Error(name), { name, $metadata: { httpStatusCode: status } })
  return new Failed({ verdict: classify(cause, true), cause })
}

export const etagOf = (body: string | Uint8Array): string => createHash("md5").update(body).digest("hex")

/** A notification of S3, as it is sent to a queue. */
export const notificationOf = (
  key: string,
  body: string | Uint8Array,
  more: {
    readonly bucket?: string
    readonly time?: number
    readonly sequencer?: string
    readonly event?: string
    readonly versionId?: string
  } = {}
) => ({
  Records: [
    {
      eventVersion: "2.1",
      eventSource: "aws:s3",
      eventName: more.event ?? "ObjectCreated:Put",
      eventTime: new Date(more.time ?? start).toISOString(),
      s3: {
        bucket: { name: more.bucket ?? "raw" },
        object: {
          key: encodeURIComponent(key).replaceAll("%20", "+"),
          size: Buffer.byteLength(body),
          eTag: etagOf(body),
          sequencer: more.sequencer ?? "0055",
          ...(more.versionId === undefined ? {} : { versionId: more.versionId })
        }
      }
    }
  ]
})

/** Runs something in a time of its own, which jumps to where something happens next. Fails where it has not come to its end within some hours. */
export const inVirtualTime = <A, E>(program: (time: VirtualTime) => Effect.Effect<A, E>, hours = 48): Effect.Effect<A, E> =>
  Effect.flatten(
    Effect.promise(async () => {
      const time = new VirtualTime(start)
      let exit: Exit.Exit<A, E> | undefined
      const context = Context.empty().pipe(Context.add(Clock.Clock, time.clock), Context.add(Scheduler.Scheduler, time.scheduler))
      const fiber = Effect.runForkWith(context)(program(time))
      fiber.addObserver((ended) => {
        exit = ended
      })
      await time.run(() => exit !== undefined, start + hours * 3_600_000)
      return exit ?? Exit.die(new Error(`it has not ended after ${(time.now - start) / 1000} s`))
    })
  )
