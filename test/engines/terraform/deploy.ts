/** Applies the configuration, and reads what that comes to; then plans changes of it, as quickly as a plan is made. */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { readDeployed } from "./deployed.ts"
import type { Deployed } from "./model.ts"
import { builtFunctions, type House, type Mode, openHouse, orFail } from "./tofu.ts"

/** A file of the configuration, and what becomes of its text. */
export type Edit = readonly [path: string, edit: (text: string) => string]

export interface Deployment {
  readonly deployed: Deployed
  /** What would be deployed if files were changed: all that is known stays as it is applied. */
  readonly planned: (...edits: ReadonlyArray<Edit>) => Promise<Deployed>
  readonly close: () => Promise<void>
}

const file = "deploy.tfvars.json"

/** Where several modules want a network, which the configuration takes as it is. */
const network = { vpc_id: "vpc-0a1b2c3d", subnet_ids: ["subnet-0a1b2c3d", "subnet-1a1b2c3d"] }

export const deploy = async (mode: Mode, variables: { readonly [name: string]: unknown } = {}): Promise<Deployment> => {
  const house = await openHouse()
  try {
    const all = { mode, functions_dir: builtFunctions(), network, ...variables }
    writeFileSync(join(house.folder, file), JSON.stringify(all))
    await orFail("tofu init", house.tofu("init", "-no-color"))
    await orFail("tofu apply", house.tofu("apply", "-no-color", "-auto-approve", `-var-file=${file}`))
    const deployed = readDeployed(JSON.parse(await orFail("tofu show", house.tofu("show", "-json"))))
    return { deployed, planned: (...edits) => plan(house, edits), close: house.close }
  } catch (error) {
    await house.close()
    throw error
  }
}

const plan = async (house: House, edits: ReadonlyArray<Edit>): Promise<Deployed> => {
  const written = new Map<string, string>()
  try {
    for (const [path, edit] of edits) {
      const place = join(house.folder, path)
      const text = readFileSync(place, "utf8")
      const edited = edit(text)
      if (edited === text) throw new Error(`nothing of ${path} was changed`)
      if (!written.has(place)) written.set(place, text)
      writeFileSync(place, edited)
    }
    await orFail("tofu plan", house.tofu("plan", "-no-color", "-refresh=false", `-var-file=${file}`, "-out=edited.plan"))
    return readDeployed(JSON.parse(await orFail("tofu show", house.tofu("show", "-json", "edited.plan"))))
  } finally {
    for (const [place, text] of written) writeFileSync(place, text)
  }
}
