import { afterAll } from "@effect/vitest"
import { engineSuite } from "../../repartition/engine-suite.ts"
import { openSparkSession } from "./session.ts"

const session = openSparkSession()
afterAll(session.close)

engineSuite("spark", session.engine, { seeds: [1, 2], manyRows: 1000 })
