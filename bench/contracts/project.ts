import { defineProject } from "../../src/contract/project.ts"
import { stock } from "./tables.ts"

/** What whole commands are measured with where it is no orders. */
export default defineProject({ name: "bench", contracts: [stock] })
