import { createHash } from "node:crypto"
import { Effect } from "effect"
import { ingestionHour } from "../record/record.ts"
import { Store, type StoreError } from "../store/store.ts"

/** Where structured JSON lies below a lake, by dataset, on its way to Firehose. */
export const structuredFolder = "structured_json"
/** Where records lie that became dead letters on the way: Firehose's own error prefixes are beside it. */
export const structuringErrors = "errors/structuring"

/**
 * The key of an object that is made of one content of another. It is derived from what that is and when it arrived, so who makes it again makes it under the same key.
 *
 * @param shard what the content is known by
 * @param arrivedAt milliseconds since 1970
 */
export const derivedKey = (folder: string, dataset: string, shard: string, arrivedAt: number, part: number): string => {
  const { date, hour } = ingestionHour(arrivedAt)
  const name = createHash("sha256").update(shard).digest("hex").slice(0, 40)
  return `${folder}/${dataset}/${date.replaceAll("-", "/")}/${String(hour).padStart(2, "0")}/${name}-${String(part).padStart(4, "0")}.json`
}

/** The dataset whose structured JSON has this key; null: it is none. */
export const structuredDataset = (key: string): string | null =>
  new RegExp(`^${structuredFolder}/([^/]+)/.+\\.json$`).exec(key)?.[1] ?? null

/** Tries of a write whose outcome is unknown. The bytes are the same each time. */
const mostTries = 5

/** Writes lines where nothing is yet. What is there was made of the same content: written again, it would be announced and delivered again. */
export const putOnce = (key: string, lines: ReadonlyArray<string>): Effect.Effect<"created" | "exists", StoreError, Store> =>
  Effect.flatMap(Store, (store) =>
    Effect.retry(store.putIfAbsent(key, new Uint8Array(Buffer.from(lines.join("")))), {
      while: ({ reason }) => reason === "Ambiguous" || reason === "Unavailable",
      times: mostTries - 1
    })
  )
