import type { Format } from "../contract/format.ts"
import { headerTest } from "../decode/csv/header.ts"
import type { CsvForm } from "../parquet/csv-rows.ts"
import type { Content, ParquetRead } from "./content.ts"
import { formatOfName } from "./list-files.ts"
import { CsvEnds, documentEnds, LineEnds, type Quoting, type RecordEnds } from "./record-ends.ts"

/**
 * CSV, whose fields may hold newlines; `header`: the first record of a file that is not blank is none, but names the fields of all others; of files that may
 * have one or not, is it this record?
 */
export interface CsvFraming {
  readonly by: "csv"
  /** Null: fields have no quotes, and records are lines. */
  readonly quoting: Quoting | null
  readonly header: boolean | ((record: Uint8Array) => boolean)
  /** As what the rows of Parquet files are read among them; undefined: there are none. */
  readonly parquet?: CsvForm | undefined
}

/**
 * How the bytes of files are cut into records. `lines`: a record per line. `document`: a record per file. `auto`: lines for
 * `.ndjson .jsonl .log .txt`, else the content decides, see `detectFormat`. `log`: a record per line, in files that are named as logs are.
 * `parquet`: a record per row.
 */
export type Framing = "auto" | "lines" | "document" | "log" | "parquet" | CsvFraming

/** How a content is cut, once it has been looked at. */
export type ContentFormat = "line" | "document" | "csv"

/** What a contract's format says of framing. @param asked what a user says, of formats that leave it open */
export const framingOf = (format: Format, asked: "auto" | "lines" | "document" = "auto"): Framing => {
  switch (format.kind) {
    case "json":
      return asked
    case "csv": {
      const { delimiter, quote, header, nullText } = format
      const quoting = quote === null ? null : { delimiter: delimiter.charCodeAt(0), quote: quote.charCodeAt(0) }
      const parquet = format.parquet === true && quote !== null ? { delimiter, quote, nullText } : undefined
      return { by: "csv", quoting, header: header === "some" ? headerTest(format) : header, parquet }
    }
    case "accessLog":
      return "log"
    case "form":
      return "lines"
    case "parquet":
      return "parquet"
  }
}

/** How a file is cut, as settings and its name fix it; undefined where the content decides. A file that was named by the user may have any name. */
export const fixedFormat = (framing: Framing, path: string): ContentFormat | undefined => {
  if (typeof framing === "object") return framing.by
  if (framing !== "auto") return framing === "document" ? "document" : "line"
  const named = formatOfName(path)
  return named === "unknown" ? undefined : named
}

/** Which Parquet files are read. */
export const parquetIn = (framing: Framing): ParquetRead | undefined =>
  framing === "parquet"
    ? { only: "json" }
    : typeof framing === "object" && framing.parquet !== undefined
      ? { also: framing.parquet }
      : undefined

/** How a content is framed, once it is open: the rows of a Parquet file come behind a header, whatever others have. */
export const framingIn = (framing: Framing, { isRows }: Pick<Content, "isRows">): Framing =>
  typeof framing === "object" && isRows ? { ...framing, header: true } : framing

const csvName = /\.(?:csv|tsv|txt)(?:\.gz)?$/i
const parquetName = /\.parquet$/i
/** `access.log`, `access_log`, `access.log.1`, `access.log-20150517.gz`. */
const logName = /(?:\.(?:log|txt)|\/[^./]*)(?:[-.][0-9][-.0-9]*)?(?:\.gz)?$/i

/** Is a file of this name taken from a folder? */
export const takesName = (framing: Framing, path: string): boolean =>
  typeof framing === "object"
    ? csvName.test(path) || (framing.parquet !== undefined && parquetName.test(path))
    : framing === "log"
      ? logName.test(path)
      : framing === "parquet"
        ? parquetName.test(path)
        : formatOfName(path) !== undefined

export const hasHeader = (framing: Framing): boolean => typeof framing === "object" && framing.header !== false

/** Where records of such a content end. */
export const recordEnds = (framing: Framing, format: ContentFormat, maxRecordBytes: number): RecordEnds =>
  format === "document"
    ? documentEnds
    : format === "csv" && typeof framing === "object" && framing.quoting !== null
      ? new CsvEnds(framing.quoting, maxRecordBytes)
      : new LineEnds()
