import { Effect } from "effect"
import type { KinesisApi, KinesisError, Shard, ShardsPage } from "./api.ts"

/** All shards of a stream that are listed, open and closed, page by page. Fails where one page does: a part of the list says nothing. */
export const listAllShards = (api: Pick<KinesisApi, "listShards">, stream: string): Effect.Effect<ReadonlyArray<Shard>, KinesisError> =>
  Effect.gen(function* () {
    const shards: Array<Shard> = []
    for (let token: string | null = null; ; ) {
      const page: ShardsPage = yield* api.listShards(stream, token)
      for (const shard of page.shards) shards.push(shard)
      if (page.nextToken === null) return shards
      token = page.nextToken
    }
  })
