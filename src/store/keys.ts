/** Rules for keys that every store keeps. */

/** Hidden names of writes that have not finished: never listed, and refused as part of a key. */
export const temporaryPrefix = ".sluice-tmp-"

/** Why this text cannot be a key, or null if it can. */
export const keyProblem = (key: string): string | null => {
  if (key === "") return "The key is empty."
  if (!key.isWellFormed()) return "The key is not valid Unicode (a lone surrogate)."
  if (key.includes("\0")) return "The key holds a NUL character."
  for (const segment of key.split("/")) {
    if (segment === "") return "The key begins or ends with a slash, or has two in a row; keys are relative to the root."
    if (segment === "." || segment === "..") return `The key has a segment "${segment}", which would leave its place below the root.`
    if (segment.startsWith(temporaryPrefix)) return `Names that begin with "${temporaryPrefix}" are kept for unfinished writes.`
  }
  return null
}

/**
 * Order of the UTF-8 bytes of two strings, which is the order of code points. JavaScript's own `<` compares UTF-16 units and puts characters
 * above U+FFFF before those from U+E000 to U+FFFF.
 */
export const compareKeys = (a: string, b: string): number => {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

/** Moves surrogates, which stand for code points above all others, behind U+FFFF. */
const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit)
