/** How values are written in the company's files. */

/** Values by column; null where there is none. */
export type Row = { readonly [column: string]: string | number | null }

export const dayMillis = 86_400_000

/** Cents as dollars. */
export const dollars = (cents: number): string => `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`
/** `2026-11-01 04:00:00.000000` */
export const timeText = (at: number): string => new Date(at).toISOString().replace("T", " ").replace("Z", "000")
export const dayText = (at: number): string => new Date(at).toISOString().slice(0, 10)
/** `2026/11/01` */
export const slashed = (at: number): string => dayText(at).replaceAll("-", "/")

/** A file of CSV: what has delimiters, quotes or line ends in it stands in quotes. */
export const csvOf = (
  columns: ReadonlyArray<string>,
  rows: ReadonlyArray<Row>,
  { nullText = "", header = true }: { readonly nullText?: string; readonly header?: boolean } = {}
): string => {
  const cell = (value: string | number | null): string =>
    value === null
      ? nullText
      : /[",\n]/.test(String(value)) || value === nullText
        ? `"${String(value).replaceAll('"', '""')}"`
        : String(value)
  const records = rows.map((row) => columns.map((column) => cell(row[column] ?? null)))
  return `${[...(header ? [columns] : []), ...records].map((cells) => cells.join(",")).join("\n")}\n`
}
