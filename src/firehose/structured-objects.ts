import { createHash } from "node:crypto"
import { Effect } from "effect"
import { ingestionHour } from "../record/record.ts"
import { Store, type StoreError } from "../store/store.ts"

/** Where structured JSON lies below a lake, by dataset, on its way to Firehose. */
export const structuredFolder = "structured_json"
/** Where records lie that became dead letters on the way: Firehose's own error prefixes are beside it. */
export const structuringErrors = "errors/structuring"

/** One content of an object, for one dataset. */
export interface Content {
  readonly dataset: string
  /** What it is known by: the shard of its records. */
  readonly shard: string
  /** Of all its records, milliseconds since 1970. */
  readonly arrivedAt: number
}

/**
 * The key of an object that is made of one content of another. It is derived from what that is, when it arrived, and what was made of it: who makes the same again makes
 * it under the same key, and who makes another thing of it (by another contract, or of more of it) makes it beside.
 */
export const derivedKey = (folder: string, { dataset, shard, arrivedAt }: Content, part: number, bytes: Uint8Array): string => {
  const { date, hour } = ingestionHour(arrivedAt)
  const name = `${digest(shard, 40)}-${String(part).padStart(4, "0")}-${digest(bytes, 32)}`
  return `${folder}/${dataset}/${date.replaceAll("-", "/")}/${String(hour).padStart(2, "0")}/${name}.json`
}

const digest = (of: string | Uint8Array, digits: number): string => createHash("sha256").update(of).digest("hex").slice(0, digits)

/** The dataset whose structured JSON has this key; null: it is none. */
export const structuredDataset = (key: string): string | null =>
  new RegExp(`^${structuredFolder}/([^/]+)/.+\\.json$`).exec(key)?.[1] ?? null

/** Tries of a write whose outcome is unknown. The bytes are the same each time. */
const mostTries = 5

/** Writes lines that were made of a content, where they are not there yet: written again, they would be announced and delivered again. @param part which of its objects it is, from 0 */
export const putOnce = (
  folder: string,
  content: Content,
  part: number,
  lines: ReadonlyArray<string>
): Effect.Effect<"created" | "exists", StoreError, Store> =>
  Effect.flatMap(Store, (store) => {
    const bytes = new Uint8Array(Buffer.from(lines.join("")))
    return Effect.retry(store.putIfAbsent(derivedKey(folder, content, part, bytes), bytes), {
      while: ({ reason }) => reason === "Ambiguous" || reason === "Unavailable",
      times: mostTries - 1
    })
  })
