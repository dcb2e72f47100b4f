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

/** What a command does to objects of a folder of a lake, on which condition; empty: on none. */
export interface FolderRight {
  readonly pattern: string
  readonly condition: string
  readonly actions: ReadonlyArray<string>
}

const onObjects: { readonly [word: string]: string } = {
  get: "s3:GetObject",
  put: "s3:PutObject",
  abort: "s3:AbortMultipartUpload",
  delete: "s3:DeleteObject"
}

/** Rights to folders of a lake of `run`, `repartition` or `build`. */
export const documentedFolders = (command: string): ReadonlyArray<FolderRight> => {
  const text = readFileSync(join(repository, "docs/aws.md"), "utf8")
  const header = "| below `BUCKET/PREFIX/` | `run`, `ingest` | `repartition` | `build` |"
  const column = ["", "run", "repartition", "build"].indexOf(command)
  if (column < 1) throw new Error(`docs/aws.md says nothing of folders of ${command}`)
  return rowsOf(text, header).flatMap((row) => {
    const [, condition = "", words = ""] = /^(?:(.+): )?(.*)$/.exec(row[column] ?? "") ?? []
    const actions = words === "" ? [] : words.split(", ").map((word) => onObjects[word] ?? `not known: ${word}`)
    return [...(row[0] ?? "").matchAll(/`([^`]+)`/g)].map(([, pattern = ""]) => ({ pattern, condition, actions }))
  })
}

/** Actions on the catalog, as docs/catalog.md tells them. */
export const documentedCatalogRights = (): ReadonlySet<string> => {
  const [, section = ""] = readFileSync(join(repository, "docs/catalog.md"), "utf8").split(/^#+ Rights$/m)
  return new Set(actionsIn(section.split(/^#/m)[0] ?? "").filter((action) => action.startsWith("glue:")))
}
