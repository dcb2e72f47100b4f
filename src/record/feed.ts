/** What a position is of: a shard of a source, as a dataset takes it in. */
export interface Feed {
  readonly dataset: string
  readonly source: string
  readonly shard: string
}
