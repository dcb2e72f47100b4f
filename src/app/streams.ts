import type { Effect, Scope } from "effect"
import { type LocalStream, localStream } from "../stream/local/local-stream.ts"
import type { Values } from "./settings.ts"

/** What says how a local stream is kept by who puts into it. */
export const localStreamNames = ["streamShards", "streamRetention", "streamBytes"] as const

/** The stream in a folder, to be put into, kept as the settings say. */
export const localStreamOf = (
  folder: string,
  { streamShards, streamRetention, streamBytes }: Values<(typeof localStreamNames)[number]>
): Effect.Effect<LocalStream, never, Scope.Scope> =>
  localStream({
    folder,
    shards: streamShards,
    retentionMillis: streamRetention ?? undefined,
    maxBytes: streamBytes ?? undefined
  })

/** Where records are put: a folder, or a stream of Kinesis as `kinesis:NAME`. */
export type StreamTarget = { readonly kind: "local"; readonly folder: string } | { readonly kind: "kinesis"; readonly stream: string }

const kinesisPrefix = "kinesis:"

/** Null where the text names nothing. */
export const streamTarget = (text: string): StreamTarget | null => {
  if (!text.startsWith(kinesisPrefix)) return text === "" ? null : { kind: "local", folder: text }
  const stream = text.slice(kinesisPrefix.length)
  return stream === "" ? null : { kind: "kinesis", stream }
}
