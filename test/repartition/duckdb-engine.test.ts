import { duckdbEngine } from "../../src/repartition/duckdb-engine.ts"
import { engineSuite } from "./engine-suite.ts"

engineSuite("duckdb", duckdbEngine())
// As if memory held a few rows only: of a few days, and of less than a day.
engineSuite("duckdb in several slices", duckdbEngine({ sliceValues: 600, threads: 1 }), { seeds: [5, 6], manyRows: 60 })
engineSuite("duckdb in tiny slices", duckdbEngine({ sliceValues: 20, threads: 1 }), { seeds: [7], manyRows: 3 })
