import type { CollectCounts } from "../collect/counts.ts"
import { count } from "../record/count.ts"

/** What became of all hits. */
export const hitsSummary = (counts: CollectCounts) => {
  const sum = (of: ReadonlyMap<unknown, number>) => [...of.values()].reduce((all, n) => all + n, 0)
  return {
    requests: sum(counts.requests),
    stored: counts.stored,
    unavailable: counts.unavailable,
    refused: sum(counts.refused),
    dropped: sum(counts.dropped)
  }
}

export const hitsText = (done: ReturnType<typeof hitsSummary>): string =>
  [
    `${count(done.stored, "hit was", "hits were")} stored, of ${count(done.requests, "request")}.`,
    ...(done.refused === 0 ? [] : [`${count(done.refused, "hit was", "hits were")} refused, as they cannot be stored.`]),
    ...(done.dropped === 0 ? [] : [`${count(done.dropped, "hit was", "hits were")} dropped, as their clients ask for privacy.`]),
    ...(done.unavailable === 0 ? [] : [`${count(done.unavailable, "hit was", "hits were")} answered 503, and may be stored or not.`])
  ].join("\n")
