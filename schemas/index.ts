import type { Contract } from "../src/contract/contract.ts"
import { checkout } from "./checkout.ts"
import { fulfillment } from "./fulfillment.ts"

/** Every dataset that Sluice knows. A new one is a file beside this one and a name in this list. */
export const contracts: ReadonlyArray<Contract> = [checkout, fulfillment]

export { checkout, fulfillment }
