import { consumablePath, martAt, stagePath } from "../lake/layout.ts"

/** What a table of the lake is called in the catalog: a consumable as its dataset, a stage `raw_` and its dataset, a mart as its model, others as in the lake. */
export const catalogName = (path: string): string => {
  const [stage, consumable] = [stagePath(""), consumablePath("")]
  const model = martAt(path)
  if (model !== null) return model
  if (path.startsWith(stage)) return `raw_${path.slice(stage.length)}`
  return path.startsWith(consumable) ? path.slice(consumable.length) : path
}
