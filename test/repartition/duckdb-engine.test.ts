import { duckdbEngine } from "../../src/repartition/duckdb-engine.ts"
import { engineSuite } from "./engine-suite.ts"

engineSuite("duckdb", duckdbEngine())
// As if memory held a few rows only: every day is put together of several buckets.
engineSuite("duckdb with tiny buckets", duckdbEngine({ bucketBytes: 3000, threads: 1 }), 300)
