/** What a process may use at a time for ingest, however many datasets it carries. */
export interface Budget {
  /** Threads that decode and encode: the main one, which all datasets share, and others. */
  readonly threads: number
  /** Bytes of columns that are held in memory before they are encoded. */
  readonly bufferBytes: number
}

/** Raw bytes of a page of files, at most where its records are smaller. */
const pageBytes = 4 * 1024 * 1024

/** The same of each of so many datasets that are followed at once: some pages of each are in memory, and many times their size while they are decoded. */
export const pageBytesOf = (datasets: number): number => Math.max(256 * 1024, Math.floor(pageBytes / Math.max(1, datasets)))

/** What each of so many datasets may use while all are ingested at once, so that together they stay within the budget. */
export const shareOf = ({ threads, bufferBytes }: Budget, datasets: number): Budget => ({
  threads: 1 + Math.floor((threads - 1) / Math.max(1, datasets)),
  bufferBytes: Math.floor(bufferBytes / Math.max(1, datasets))
})
