import { Effect } from "effect"
import { type FirehoseApi, putLimits } from "../../src/firehose/api.ts"
import { CallFailed } from "../../src/record/aws-call.ts"

/** A record in a delivery stream. */
interface Held {
  readonly data: Uint8Array
  readonly recordId: string
  /** Milliseconds since 1970. */
  readonly arrivedAt: number
}

/** Transforms records, as Lambda does: gets an event, and answers it; throws where the function fails. */
export type Transform = (event: unknown) => Promise<unknown>

export interface FakeFirehoseOptions {
  readonly stream: string
  readonly prefix: string
  readonly errorPrefix: string
  readonly extension?: string
  /** Bytes, and milliseconds of age, at which what is held is delivered. */
  readonly bufferBytes: number
  readonly bufferMillis: number
  readonly transform?: { readonly by: Transform; readonly bufferBytes: number }
  /** Reads a line of JSON by the columns of Glue; throws where it cannot be converted. */
  readonly convert: (line: string) => unknown
  /** Writes converted lines as one Parquet object. */
  readonly writeParquet: (key: string, lines: ReadonlyArray<string>) => Promise<void>
  readonly writeText: (key: string, text: string) => Promise<void>
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/**
 * A delivery stream as Firehose runs it: its limits, records that it does not take, buffering by size and age, transformation, conversion, and where objects and error
 * records go. It delivers when it is told to look at the time, and gives each object a name that no other has. A record that is put again is there again.
 */
export class FakeFirehose implements FirehoseApi {
  readonly #options: FakeFirehoseOptions
  #held: Array<Held> = []
  #ids = 0
  /** Knobs: for each of the next calls, what becomes of it. */
  readonly next: Array<"throttled" | "lost answer" | "denied" | ((i: number) => boolean)> = []
  /** Sizes of the calls that were answered. */
  readonly calls: Array<number> = []
  /** Keys of what was delivered. */
  readonly delivered: Array<string> = []
  readonly errors: Array<string> = []

  constructor(options: FakeFirehoseOptions) {
    this.#options = options
  }

  readonly putRecordBatch: FirehoseApi["putRecordBatch"] = (stream, records) =>
    Effect.suspend(() => {
      const fail = (reason: CallFailed["reason"], name: string, detail = name) =>
        Effect.fail(new CallFailed({ operation: "PutRecordBatch", reason, name, detail, certain: reason !== "Unavailable" }))
      if (stream !== this.#options.stream) return fail("NotFound", "ResourceNotFoundException")
      const bytes = records.reduce((sum, { length }) => sum + length, 0)
      const isLegal =
        records.length > 0 &&
        records.length <= putLimits.records &&
        bytes <= putLimits.bytes &&
        records.every(({ length }) => length > 0 && length <= putLimits.recordBytes)
      if (!isLegal) return fail("Invalid", "InvalidArgumentException", `${records.length} records of ${bytes} bytes`)
      const outcome = this.next.shift() ?? (() => true)
      if (outcome === "denied") return fail("Denied", "AccessDeniedException")
      if (outcome === "throttled") return fail("Throttled", "ServiceUnavailableException")
      const takes = outcome === "lost answer" ? () => true : outcome
      const codes = records.map((data, i) => {
        if (!takes(i)) return i % 2 === 0 ? "ServiceUnavailableException" : "InternalFailure"
        this.#held.push({
          data: new Uint8Array(data),
          recordId: `4964091282117${String(++this.#ids).padStart(6, "0")}000000`,
          arrivedAt: this.#options.now()
        })
        return null
      })
      if (outcome === "lost answer") return fail("Unavailable", "TimeoutError")
      this.calls.push(records.length)
      return Effect.succeed(codes)
    })

  get held(): ReadonlyArray<string> {
    return this.#held.map(({ data }) => Buffer.from(data).toString())
  }

  /** Delivers what is due by now; `all`: whatever it is. */
  async deliver(all = false): Promise<void> {
    const { bufferBytes, bufferMillis, now } = this.#options
    for (;;) {
      const [first] = this.#held
      if (first === undefined) return
      const full = fillOf(this.#held, bufferBytes)
      if (full === null && !all && now() - first.arrivedAt < bufferMillis) return
      await this.#deliverBatch(this.#held.splice(0, full ?? this.#held.length))
    }
  }

  async #deliverBatch(batch: ReadonlyArray<Held>): Promise<void> {
    const failed: Array<{ readonly type: string; readonly of: Held; readonly record: object }> = []
    const transformed = await this.#transformed(batch, failed)
    const good: Array<string> = []
    for (const held of transformed) {
      const text = Buffer.from(held.data).toString()
      try {
        for (const line of text.split("\n").filter((line) => line !== "")) this.#options.convert(line)
        good.push(text)
      } catch (cause) {
        const record = {
          ErrorCode: "DataFormatConversion.MalformedData",
          ErrorMessage: String(cause),
          sequenceNumber: held.recordId,
          subSequenceNumber: null,
          dataCatalogTable: { databaseName: "d", tableName: "t", region: "r", versionId: "LATEST" }
        }
        failed.push({ type: "format-conversion-failed", of: held, record })
      }
    }
    for (const [type, records] of Map.groupBy(failed, ({ type }) => type)) {
      const lines = records.map(({ of, record }) =>
        JSON.stringify({
          attemptsMade: 1,
          arrivalTimestamp: of.arrivedAt,
          attemptEndingTimestamp: this.#options.now(),
          rawData: Buffer.from(of.data).toString("base64"),
          ...record
        })
      )
      const key = this.#keyOf(this.#options.errorPrefix, batch, type)
      await this.#options.writeText(key, `${lines.join("\n")}\n`)
      this.errors.push(key)
    }
    if (good.length === 0) return
    const key = this.#keyOf(this.#options.prefix, batch, "")
    await this.#options.writeParquet(key, good)
    this.delivered.push(key)
  }

  async #transformed(
    batch: ReadonlyArray<Held>,
    failed: Array<{ readonly type: string; readonly of: Held; readonly record: object }>
  ): Promise<ReadonlyArray<Held>> {
    const { transform, stream } = this.#options
    if (transform === undefined) return batch
    const out: Array<Held> = []
    const fail = (of: Held, errorCode: string, errorMessage: string) =>
      failed.push({
        type: "processing-failed",
        of,
        record: { errorCode, errorMessage, lambdaArn: "arn:aws:lambda:r:1:function:f:$LATEST" }
      })
    let rest = [...batch]
    while (rest.length > 0) {
      const part = rest.slice(0, fillOf(rest, transform.bufferBytes) ?? rest.length)
      rest = rest.slice(part.length)
      const event = {
        invocationId: "i",
        deliveryStreamArn: `arn:aws:firehose:us-east-1:123456789012:deliverystream/${stream}`,
        region: "us-east-1",
        records: part.map(({ recordId, arrivedAt, data }) => ({
          recordId,
          approximateArrivalTimestamp: arrivedAt,
          data: Buffer.from(data).toString("base64")
        }))
      }
      let answer: {
        readonly records: ReadonlyArray<{ readonly recordId: string; readonly result: string; readonly data: string }>
      } | null = null
      // Once, and three times more.
      for (let attempt = 0; attempt < 4 && answer === null; attempt++)
        try {
          const text = JSON.stringify(await transform.by(event))
          if (text.length > 6 * 1024 * 1024) throw new Error("the answer is larger than 6 MB")
          answer = JSON.parse(text)
        } catch {
          answer = null
        }
      for (const held of part) {
        const found = answer?.records.filter(({ recordId }) => recordId === held.recordId) ?? []
        const [only] = found
        if (answer === null) fail(held, "Lambda.FunctionError", "The function failed four times.")
        else if (only === undefined || found.length > 1) fail(held, "Lambda.MissingRecordId", "The record is not answered once.")
        else if (only.result === "ProcessingFailed") fail(held, "Lambda.ProcessingFailedStatus", "ProcessingFailed status set for record")
        else if (only.result === "Ok") out.push({ ...held, data: new Uint8Array(Buffer.from(only.data, "base64")) })
        else if (only.result !== "Dropped") fail(held, "Lambda.InvalidReturnFormat", "The result is none of the three.")
      }
    }
    return out
  }

  /** By the arrival of the oldest record of the object, the same for every expression. */
  #keyOf(prefix: string, batch: ReadonlyArray<Held>, errorType: string): string {
    const { stream, extension = "", now } = this.#options
    const at = new Date(Math.min(...batch.map(({ arrivedAt }) => arrivedAt)))
    const made = new Date(now()).toISOString().slice(0, 19).replaceAll(/[T:]/g, "-")
    const uuid = `0b5cbe6b-6d7c-4b0e-9d0e-${String(this.delivered.length + this.errors.length + 1).padStart(12, "0")}`
    return `${evaluatePrefix(prefix, at, errorType)}${stream}-1-${made}-${uuid}${extension}`
  }
}

/** A delivery stream that holds what it is given. */
export const holdingFirehose = (stream: string): FakeFirehose =>
  new FakeFirehose({
    stream,
    prefix: "",
    errorPrefix: "",
    bufferBytes: Number.POSITIVE_INFINITY,
    bufferMillis: Number.POSITIVE_INFINITY,
    convert: () => {},
    writeParquet: async () => {},
    writeText: async () => {},
    now: () => 0
  })

/** How many records fill a buffer; null: they do not. */
const fillOf = (records: ReadonlyArray<Held>, bytes: number): number | null => {
  let held = 0
  for (const [i, { data }] of records.entries()) {
    held += data.length
    if (held >= bytes) return i + 1
  }
  return null
}

/** A prefix with its expressions evaluated. Patterns of times as Java's formatter has them, as far as prefixes need it. */
export const evaluatePrefix = (prefix: string, at: Date, errorType = ""): string =>
  prefix.replace(/!\{(\w+):([^}]*)\}/g, (_, namespace: string, expression: string) => {
    if (namespace === "timestamp") return formatted(expression, at)
    if (expression === "error-output-type") return errorType
    if (expression === "random-string") return "Ab3dE6gH9jK"
    throw new Error(`Firehose knows no !{${namespace}:${expression}}`)
  })

const formatted = (pattern: string, at: Date): string => {
  const iso = at.toISOString()
  const parts: { readonly [letters: string]: string } = {
    yyyy: iso.slice(0, 4),
    MM: iso.slice(5, 7),
    dd: iso.slice(8, 10),
    HH: iso.slice(11, 13),
    mm: iso.slice(14, 16),
    ss: iso.slice(17, 19)
  }
  return pattern.replace(/'([^']*)'|([A-Za-z])\2*/g, (found, quoted: string | undefined) => {
    const part = quoted ?? parts[found]
    if (part === undefined) throw new Error(`the pattern ${found} is not known here`)
    return part
  })
}
