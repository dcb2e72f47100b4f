import { defineProject } from "../../src/contract/project.ts"
import { checkout } from "./checkout.ts"
import { fulfillment } from "./fulfillment.ts"

/** A shop on VTEX. */
export default defineProject({ name: "vtex", contracts: [checkout, fulfillment] })
