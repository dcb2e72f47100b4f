import { Effect, Layer } from "effect"
import { Store } from "../../src/store/store.ts"
import { storeSuite } from "../store/store-suite.ts"
import { Bucket, simulatedStore } from "./simulated-store.ts"

storeSuite(
  "SimulatedStore",
  Layer.effect(
    Store,
    Effect.sync(() => simulatedStore(new Bucket(() => Date.now()), { pageSize: 7 }))
  )
)
