import { CliOutput } from "effect/cli"
import { harmless } from "../record/harmless.ts"

/** Whether every character takes one cell, and none is obeyed. */
const isPlain = (text: string): boolean => /^[\x20-\x7e]*$/.test(text)

/** The same on one line: ends of lines and tabs are shown, too. */
export const oneLine = (text: string): string =>
  isPlain(text) ? text : harmless(text.replace(/[\n\r\t]/g, (c) => (c === "\n" ? "\\n" : c === "\r" ? "\\r" : "\\t")))

/** Cells that a text without escapes takes on a terminal: two for each character of full width, none for a mark on the one before. */
export const widthOf = (text: string): number => (isPlain(text) ? text.length : CliOutput.displayWidth(text))

const characters = new Intl.Segmenter(undefined, { granularity: "grapheme" })

/** As much of a text as fits into so many cells, with an ellipsis where something is left out. */
export const cutTo = (text: string, width: number): string => {
  // No character takes less than a cell but marks, of which nobody reads hundreds.
  const near = text.length > 8 * width + 64 ? text.slice(0, 8 * width + 64) : text
  if (near === text && widthOf(text) <= width) return text
  if (isPlain(near)) return `${near.slice(0, Math.max(0, width - 1))}…`
  let cut = ""
  let room = width - 1
  for (const { segment } of characters.segment(near)) {
    room -= widthOf(segment)
    if (room < 0) break
    cut += segment
  }
  return `${cut}…`
}

/** Fills a text up to so many cells: before it, or after it. */
export const padTo = (text: string, width: number, side: "before" | "after"): string => {
  const room = " ".repeat(Math.max(0, width - widthOf(text)))
  return side === "before" ? room + text : text + room
}

/** Columns of the terminal that a stream writes to, or null where it is none. */
export const columnsOf = (stream: NodeJS.WriteStream): number | null => (stream.isTTY ? Math.max(20, stream.columns || 80) : null)
