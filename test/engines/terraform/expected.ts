/** What the configuration of the repository is held against. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { checkout } from "../../../schemas/vtex/checkout.ts"
import { fulfillment } from "../../../schemas/vtex/fulfillment.ts"
import { compileContract } from "../../../src/contract/compile.ts"
import { glueOf } from "../../firehose/structured.ts"
import type { Expected } from "./places.ts"
import { builtFunctions, type Mode } from "./tofu.ts"

/** By the contracts, and by the functions as they are built. */
export const expectedOf = async (mode: Mode): Promise<Expected> => ({
  mode,
  functions: JSON.parse(readFileSync(join(builtFunctions(), "functions.json"), "utf8")).functions,
  columns: new Map([checkout, fulfillment].map((contract) => [contract.name, glueOf(compileContract(contract))])),
  rawKeys: ["raw/CheckoutOrder/id/1/v+1.json", "raw/FulfillmentOrder/id/1/v+1.json"]
})
