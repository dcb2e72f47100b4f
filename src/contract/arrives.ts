import { shown } from "./input-rules.ts"

/**
 * Which files are of a dataset: patterns of their paths below the input folder, parted by `/`. `*` is any part of a name, `?` one character, `**` any number of
 * folders, `{a,b}` one of these. A pattern without `/` is of names, in whatever folder.
 */
export type Arrives = ReadonlyArray<string>

/** Does the path of a file, below the input folder, match one of the patterns? A compressed file counts as the one that is in it, too. */
export const matcherOf = (patterns: Arrives): ((path: string) => boolean) => {
  const all = patterns.map((pattern) => new RegExp(`^${pattern.includes("/") ? "" : "(?:.*/)?"}${expressionOf(pattern)}$`, "su"))
  return (path) => {
    const plain = path.replace(/\.gz$/i, "")
    return all.some((one) => one.test(path) || one.test(plain))
  }
}

/** One regular expression, which any engine takes, of paths whose ends match one of the patterns: of whole names, compressed or not. */
export const expressionOfEnds = (patterns: Arrives): string => `(?:^|/)(?:${patterns.map(expressionOf).join("|")})(?:\\.gz)?$`

/** What is wrong with a pattern, as a sentence; null: nothing. @param member of the contract that has it */
export const problemOfPattern = (pattern: string, member = "arrives"): string | null => {
  const problem =
    pattern.trim() === ""
      ? "is blank"
      : pattern.startsWith("/") || pattern.split("/").some((part) => part === "" || part === "." || part === "..")
        ? "is no path below the input folder"
        : /^[^{}]*(\{[^{}]*\}[^{}]*)*$/.test(pattern)
          ? null
          : "has a brace that is not closed, or one within another"
  return problem === null
    ? null
    : `${member} has ${shown(pattern)}, which ${problem}: give patterns such as "orders-*.ndjson" or "orders/**".`
}

/** A pattern as a regular expression. */
const expressionOf = (pattern: string): string =>
  pattern.replace(/\*\*\/|\*\*|[*?{},]|[\\^$.|+()[\]]/g, (found, at: number) => {
    switch (found) {
      case "**/":
        return "(?:.*/)?"
      case "**":
        return ".*"
      case "*":
        return "[^/]*"
      case "?":
        return "[^/]"
      case "{":
        return "(?:"
      case "}":
        return ")"
      case ",":
        return isInBraces(pattern, at) ? "|" : ","
      default:
        return `\\${found}`
    }
  })

const isInBraces = (pattern: string, at: number): boolean => pattern.lastIndexOf("{", at) > pattern.lastIndexOf("}", at)
