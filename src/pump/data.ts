import { createReadStream } from "node:fs"
import { open } from "node:fs/promises"
import { createInterface } from "node:readline"
import { createGunzip } from "node:zlib"
import { Effect, Schema } from "effect"
import type { Hit } from "../generate/hits/hit.ts"
import { logHits } from "./access-log.ts"
import { clickHits } from "./clicks.ts"
import type { DataKind, ReadLines } from "./data-kind.ts"

/** Data cannot be replayed. */
export class PumpError extends Schema.TaggedError<PumpError>()("PumpError", {
  reason: Schema.Literals(["Unreadable", "Unknown"]),
  problem: Schema.String,
  hint: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return `${this.problem}. ${this.hint}`
  }
}

const kinds: ReadonlyArray<DataKind> = [clickHits, logHits]

export interface Data {
  readonly kind: string
  readonly hits: Iterable<Hit>
  readonly unreadable: number
}

/** Hits of a file: clicks of YooChoose, or the access log of a web server (combined), gzip or not. All of it is read before the first is sent: files are not always in the order of time. */
export const dataOf = (path: string, seed: number): Effect.Effect<Data, PumpError> =>
  Effect.tryPromise({
    try: async () => {
      let kind: DataKind | undefined
      let into: ReadLines | undefined
      for await (const line of await linesOf(path)) {
        if (into === undefined) {
          kind = kinds.find(({ holds }) => holds(line))
          if (kind === undefined) throw unknown(path)
          into = kind.read(seed)
        }
        into.add(line)
      }
      if (kind === undefined || into === undefined) throw unknown(path)
      return { kind: kind.name, hits: into.hits(), unreadable: into.unreadable() }
    },
    catch: (cause) =>
      cause instanceof PumpError
        ? cause
        : new PumpError({
            reason: "Unreadable",
            problem: `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
            hint: "Give `shop`, or a file that is there.",
            cause
          })
  })

const unknown = (path: string): PumpError =>
  new PumpError({
    reason: "Unknown",
    problem: `${path} begins as none of ${kinds.map(({ name }) => name).join(", ")}`,
    hint: "Give `shop`, or a file of one of these."
  })

const linesOf = async (path: string): Promise<AsyncIterable<string>> => {
  const file = await open(path)
  const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0)
  await file.close()
  const bytes = createReadStream(path)
  const isGzip = buffer[0] === 0x1f && buffer[1] === 0x8b
  const text = isGzip ? bytes.pipe(createGunzip()) : bytes
  // What goes wrong below is told to whoever reads above.
  bytes.on("error", (error) => text.destroy(error))
  return createInterface({ input: text, crlfDelay: Number.POSITIVE_INFINITY })
}
