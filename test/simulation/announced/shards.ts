import type { ObjectVersion } from "../input-bucket.ts"

/** What rows say of the source that they come from. */
export const sourceName = "announced"

/** The shard of a version of an object. Said here once more, and not taken from the program: how it tells one from another is what is judged. */
export const shardOf = (bucket: string, { key, versionId, etag, sequencer, writtenAt }: ObjectVersion): string =>
  `${new Date(writtenAt).toISOString().slice(0, 13)}/s3://${bucket}/${key}${versionId === null ? `#${etag}/${sequencer}` : `?${versionId}`}`

/** What the log calls the position of a shard. */
export const domainOf = (shard: string): string => `sluice.position/${sourceName}/${shard}`
