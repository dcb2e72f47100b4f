/** Pieces of a statement: what is code, and what is text, a name in quotes or a comment, in which nothing means anything. */
const pieces = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|[^'"/-]+|[\s\S]/g

const isCode = (piece: string): boolean => !/^(?:'|"|--|\/\*)/.test(piece)

/** Names of a statement's parameters, `$name`, in lower case; or why it cannot be one of a dashboard. */
export const namesIn = (sql: string): { readonly names: ReadonlyArray<string> } | { readonly problem: string } => {
  const names = new Set<string>()
  let start = ""
  for (const piece of sql.match(pieces) ?? []) {
    if (!isCode(piece)) continue
    start += piece
    if (/\$\w*\$/.test(piece)) return { problem: "there is a text between $, which looks like parameters" }
    if (/;(?!\s*$)/.test(piece)) return { problem: "there is more than one statement" }
    if (/\$\d|\?/.test(piece)) return { problem: "there is a parameter without a name" }
    for (const [, name = ""] of piece.matchAll(/\$([a-z_]\w*)/gi)) names.add(name)
  }
  return /^\s*(?:select|with|from)\b/i.test(start) ? { names: [...names] } : { problem: "it is no SELECT" }
}

/** The statement with other code in place of its parameters. */
export const withParameters = (sql: string, codeOf: (name: string) => string): string =>
  (sql.match(pieces) ?? [])
    .map((piece) => (isCode(piece) ? piece.replace(/\$([a-z_]\w*)/gi, (_, name: string) => codeOf(name)) : piece))
    .join("")

/** The statement with further WITHs before its own. */
export const withTables = (sql: string, tables: ReadonlyArray<readonly [name: string, select: string]>): string => {
  const text = sql.replace(/[\s;]+$/, "")
  if (tables.length === 0) return text
  const made = tables.map(([name, select]) => `${name} AS (${select})`).join(", ")
  const parts = text.match(pieces) ?? []
  const first = parts.findIndex((piece) => isCode(piece) && piece.trim() !== "")
  const code = parts[first] ?? ""
  const own = /^(\s*)with(\s+recursive)?\b/i.exec(code)
  if (own === null) return `WITH ${made} ${text}`
  const rest = [code.slice(own[0].length), ...parts.slice(first + 1)].join("")
  return `${parts.slice(0, first).join("")}${own[1] ?? ""}WITH${own[2] ?? ""} ${made},${rest}`
}
