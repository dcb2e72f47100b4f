import { LargePages } from "../source/page-memory.ts"

/** What a process may use at a time for ingest, however many datasets it carries. */
export interface Budget {
  /** Threads that decode and encode: the main one, which all datasets share, and others. */
  readonly threads: number
  /** Bytes of columns that are held in memory before they are encoded. */
  readonly bufferBytes: number
}

const mebibyte = 1024 * 1024

/** What the decoder of a dataset takes by itself, whatever it holds: of one it is no part of the budget. */
const decoderBytes = 4 * mebibyte

/** What each of so many datasets may use while all are ingested at once, so that together they stay within the budget. */
export const shareOf = ({ threads, bufferBytes }: Budget, datasets: number): Budget => {
  const all = Math.max(1, datasets)
  const left = bufferBytes - decoderBytes * (all - 1)
  return { threads: 1 + Math.floor((threads - 1) / all), bufferBytes: Math.floor(Math.max(bufferBytes / 4, left) / all) }
}

/** Raw bytes of a page of files. Some of each dataset are in memory, and many times their size while they are decoded. */
export const pageBytesOf = (datasets: number): number => Math.max(mebibyte / 4, Math.floor((4 * mebibyte) / Math.max(1, datasets)))

/** Room for the pages of all datasets in which a record is large: of 10 MiB, it takes many times that while it is decoded. */
export const largePagesOf = (datasets: number): LargePages => new LargePages(1, Math.max(mebibyte, pageBytesOf(datasets)))
