import { Effect, Layer } from "effect"
import { withHashKey } from "../app/hash-key-secret.ts"
import { announcedSharesOf } from "../app/input-shares.ts"
import { storeOf } from "../app/lake.ts"
import { decodeSettingsOf, hashKeyOf } from "../app/options.ts"
import { allContracts } from "../app/project.ts"
import { hashKeyNames, lakeNames } from "../app/settings.ts"
import { structureObjects } from "../app/structure-objects.ts"
import { refuseOtherHashKey, structurers } from "../app/structurers.ts"
import { handleObjects } from "../firehose/messages.ts"
import { openObjectReader } from "../store/s3-reader.ts"
import { neverOfObjects, objectActions, queueMapping, secretActions, structureActions } from "./actions.ts"
import { announcements } from "./announcements.ts"
import { handlerOf } from "./handler.ts"
import { project } from "./project.ts"

/** Raw objects → structured JSON by the contracts that take them, below the lake's `structured_json/`. The same object comes to the same, however often it is announced. */
export const handler = handlerOf({
  name: "sendCheckoutDataToFirehouse",
  settings: [...lakeNames, ...hashKeyNames, "maxDepth", "maxRecordBytes"],
  actions: { ...structureActions, raw: objectActions, secrets: secretActions },
  mapping: queueMapping,
  never: neverOfObjects,
  takes: announcements,
  open: (given) =>
    Effect.gen(function* () {
      const values = yield* withHashKey(given)
      const contracts = yield* allContracts(project)
      // What it writes is the same each time, so no condition of the store is to be tried first, which would take rights to more of the lake.
      const store = yield* Layer.build(storeOf(values, "read"))
      yield* Effect.provide(refuseOtherHashKey(contracts, hashKeyOf(values)), store)
      const reader = yield* openObjectReader({ region: values.region ?? undefined, endpoint: values.s3Endpoint ?? undefined })
      const { maxRecordBytes } = values
      const shares = announcedSharesOf(contracts)
      return { options: { shares, reader, maxRecordBytes, structurers: structurers(decodeSettingsOf(values)) }, store }
    }),
  handle: ({ options, store }, event, { deadline }) =>
    handleObjects(event, (objects, handling) => structureObjects(options, objects, handling), deadline).pipe(Effect.provide(store))
})
