/** What a process may use at a time for ingest, however many datasets it carries. */
export interface Budget {
  /** Threads that decode and encode: the main one, which all datasets share, and others. */
  readonly threads: number
  /** Bytes of columns that are held in memory before they are encoded. */
  readonly bufferBytes: number
}

/** What each of so many datasets may use while all are ingested at once, so that together they stay within the budget. */
export const shareOf = ({ threads, bufferBytes }: Budget, datasets: number): Budget => ({
  threads: 1 + Math.floor((threads - 1) / Math.max(1, datasets)),
  bufferBytes: Math.floor(bufferBytes / Math.max(1, datasets))
})
