import { consumablePath } from "./layout.ts"
import { repartitionApp } from "./log-keys.ts"
import type { LakeTable } from "./views.ts"

/**
 * Oldest stage version that the repartition has yet to read; undefined where nobody reads the table by version. The first repartition does not
 * either: it folds the files that are live.
 */
export const keepFrom = ({ table: { path } }: LakeTable, all: ReadonlyArray<LakeTable>): number | undefined => {
  const [folder, dataset = ""] = path.split("/")
  if (folder !== "stage") return undefined
  const consumable = all.find(({ table }) => table.path === consumablePath(dataset))
  const taken = consumable?.snapshot.transactions.get(repartitionApp(dataset))
  return taken === undefined ? undefined : taken + 1
}
