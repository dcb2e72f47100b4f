/** What commands need, as docs/aws.md tells those who write policies by hand. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { repository } from "./tofu.ts"

/** Rows of the table that begins with a header. */
const rowsOf = (text: string, header: string): ReadonlyArray<ReadonlyArray<string>> => {
  const [, after] = text.split(`${header}\n`)
  if (after === undefined) throw new Error(`the documentation has no table ${header}`)
  const lines = after.split("\n")
  return lines
    .slice(
      1,
      lines.findIndex((line) => !line.startsWith("|"))
    )
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim())
    )
}

const actionsIn = (cell: string): ReadonlyArray<string> => [...cell.matchAll(/`([a-z0-9-]+:[A-Z]\w+)`/g)].map(([, action = ""]) => action)

/** Actions by the rights that they make up. A row without a name goes on with the one above. */
export const documentedRights = (): ReadonlyMap<string, ReadonlySet<string>> => {
  const text = readFileSync(join(repository, "docs/aws.md"), "utf8")
  const rights = new Map<string, Set<string>>()
  let name = ""
  for (const [right = "", actions = ""] of rowsOf(text, "| right | actions | on |")) {
    name = right === "" ? name : right
    const known = rights.get(name) ?? new Set()
    for (const action of actionsIn(actions)) known.add(action)
    rights.set(name, known)
  }
  return rights
}

/** Actions on the catalog, as docs/catalog.md tells them. */
export const documentedCatalogRights = (): ReadonlySet<string> => {
  const [, section = ""] = readFileSync(join(repository, "docs/catalog.md"), "utf8").split(/^#+ Rights$/m)
  return new Set(actionsIn(section.split(/^#/m)[0] ?? "").filter((action) => action.startsWith("glue:")))
}
