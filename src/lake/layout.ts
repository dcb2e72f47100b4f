/** Where the tables of a lake lie, below the root of its store. The same in a folder and in a bucket. */
export const stagePath = (dataset: string): string => `stage/${dataset}`
/** The dataset below whose stage an object lies, and its path there; null: it lies elsewhere. */
export const placeInStage = (key: string): { readonly dataset: string; readonly path: string } | null => {
  const [, dataset, path] = new RegExp(`^${stagePath("([^/]+)")}/(.+)$`, "s").exec(key) ?? []
  return dataset === undefined || path === undefined ? null : { dataset, path }
}
/** What `query` calls the table of a path: `consumable_orders`; a mart has its model's name. */
export const viewName = (path: string): string => martAt(path) ?? path.replaceAll("/", "_")
/** Where what is made of a model lies. */
export const martPath = (model: string): string => `marts/${model}`
/** The model whose mart lies at a path; null for other tables. */
export const martAt = (path: string): string | null => /^marts\/([^/]+)$/.exec(path)?.[1] ?? null
/** A model that is a view has no table: this object in its place. */
export const martViewKey = (model: string): string => `${martPath(model)}/_view.json`
export const consumablePath = (dataset: string): string => `consumable/${dataset}`
/** Where the objects of retired positions lie, below a stage table. */
export const retiredFolder = "_positions"
/** Where the keys that were deleted are remembered, below a consumable. */
export const tombstoneFolder = "_tombstones"
export const deadLettersPath = "dead_letters"
export const runsPath = "runs"
/** Where jobs that make files of a consumable are noted, below it; and what the name of a folder begins with that such a job writes. */
export const jobsFolder = "_repartition"
export const jobOutput = "fold-"
/** Where a lake keeps its lineage, unless it is sent elsewhere. */
export const lineageFolder = "lineage"

/** The dataset whose stage or consumable lies at a path; null for other tables. */
export const datasetAt = (path: string): string | null => /^(?:stage|consumable)\/(.+)$/.exec(path)?.[1] ?? null
