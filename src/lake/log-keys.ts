import type { Feed } from "../record/feed.ts"

/**
 * Every key that Sluice writes into the log of a table: domains, ids of applications, properties. What stands under one is told where it is read.
 * Two more are not here: `sluice`, a commit's report in its `commitInfo` (`history.ts`), and `sluice.formerly`, the names that a column had before, in
 * its metadata (`table/schema.ts`).
 */

/** Begins the domain of every position. */
export const positionPrefix = "sluice.position/"

/** Domain of a shard's position in a stage table. */
export const stageDomain = (source: string, shard: string): string => `${positionPrefix}${source}/${shard}`

/** Domain of a shard's position in `dead_letters`, which all datasets share: the dataset is part of the name. */
export const deadLetterDomain = ({ dataset, source, shard }: Feed): string => `${positionPrefix}${dataset}.${source}/${shard}`

/** Begins the domain of every object of retired positions in a stage table. */
export const retiredPrefix = "sluice.retired/"

/** Domain of the object that has the retired positions of the shards from `first` on (compared as text), up to the next domain's. */
export const retiredDomain = (source: string, first: string): string => `${retiredPrefix}${source}/${first}`

/** Domain in a stage table that says how far replays of dead letters have come. */
export const replayDomain = "sluice.replay"

/** appId under which the repartition of a dataset records in its consumable how far it has read the stage. */
export const repartitionApp = (dataset: string): string => `repartition/${dataset}`

/** appId under which it records, with the same version, which stage that was. One that was made anew has another id. */
export const repartitionStageApp = (dataset: string, stageId: string): string => `${repartitionApp(dataset)}/${stageId}`

/** appId under which a build records in a mart how many builds of it there were. */
export const buildApp = (model: string): string => `build/${model}`

/** Property of a mart: what it was built of, see `marts.ts`; empty until it was built to its end once. */
export const builtProperty = "sluice.built"

/** Property of a mart: which tests found nothing in which files, see `models/audited.ts`. */
export const auditedProperty = "sluice.audited"

/** Property of a consumable: the files of the keys that were deleted from it, see `tombstones.ts`. */
export const tombstonesProperty = "sluice.tombstones"

/** Property of a consumable that comes whole: the newest load, see `newest-load.ts`. */
export const loadProperty = "sluice.load"

/** Property of stage and consumable: the columns that make a record, a version of it, and its day. */
export const identityProperty = "sluice.identity"

/**
 * Equal values have equal hashes only under one key, so a stage table knows which it was: a property has a fingerprint of every key that its
 * hashes were made with, the newest last. The key itself cannot be told from it, and trying one costs as much as scrypt does.
 */
export const hashKeysProperty = "sluice.hashKeys"
