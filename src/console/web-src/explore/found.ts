/** The search of the catalog. */
import type { CatalogTable } from "../../api.ts"

/** Tables in which all words stand somewhere: in names, descriptions, owners, columns. */
export const found = (tables: ReadonlyArray<CatalogTable>, asked: string): ReadonlyArray<CatalogTable> => {
  const wanted = asked
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "")
  return tables.filter((each) => {
    const text = [
      each.name,
      each.title,
      each.description,
      each.owner,
      ...Object.values(each.about),
      ...each.columns.flatMap(({ name, description }) => [name, description])
    ]
      .join(" ")
      .toLowerCase()
    return wanted.every((word) => text.includes(word))
  })
}
