import { Clock, Effect, type Scope } from "effect"
import { Collector } from "./collector.ts"
import { Door } from "./door.ts"
import { putHits } from "./put-hits.ts"
import { PutQueue } from "./put-queue.ts"
import { defaultLimits, type ListenError, type ServerOptions } from "./server-options.ts"

export interface CollectServer {
  readonly port: number
  readonly queue: PutQueue
  readonly connections: () => number
}

/**
 * Takes hits over HTTP until its scope is closed, and answers 2xx for what is stored. Then it ends in good order: it takes no more connections, answers 503 to what is asked on those there are,
 * and waits for what was begun.
 *
 * Node's own server and no effect for a request: one is run for each group of hits that is put.
 */
export const serveCollect = (options: ServerOptions): Effect.Effect<CollectServer, ListenError, Scope.Scope> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const context = yield* Effect.context<never>()
    const limits = { ...defaultLimits, ...options.limits }
    const run = Effect.runPromiseWith(context)
    const queue = new PutQueue({
      put: (hits) => run(putHits(options.stream, hits, limits.put)),
      calls: options.calls,
      maxHits: options.queueHits,
      maxBytes: options.queueBytes
    })
    const now = () => clock.currentTimeMillisUnsafe()
    const collector = new Collector(options.collect, options.counts, now)
    const door = new Door(options, limits, collector, queue, now)
    yield* Effect.acquireRelease(door.listen, () => door.drain)
    return { port: door.port, queue, connections: () => door.connections }
  })
