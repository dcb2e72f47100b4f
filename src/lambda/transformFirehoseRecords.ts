import { Effect } from "effect"
import { withHashKey } from "../app/hash-key-secret.ts"
import { decodeSettingsOf } from "../app/options.ts"
import { contractOf } from "../app/project.ts"
import { hashKeyNames } from "../app/settings.ts"
import { countsToTell, datasetOf, structurers } from "../app/structurers.ts"
import { transformationIn, transformRecords } from "../firehose/transform.ts"
import { secretActions } from "./actions.ts"
import { handlerOf } from "./handler.ts"
import { project } from "./project.ts"

/** Records of a delivery stream → structured JSON by the contract of its dataset, before Firehose delivers them. What would be a dead letter goes to its error prefix. */
export const handler = handlerOf({
  name: "transformFirehoseRecords",
  settings: ["deliveryStreams", ...hashKeyNames, "maxDepth", "maxRecordBytes"],
  actions: { secrets: secretActions },
  takes: { holds: (event) => transformationIn(event) !== null, words: "a transformation of Firehose" },
  open: (given) => Effect.map(withHashKey(given), (values) => ({ structurers: structurers(decodeSettingsOf(values)), values })),
  handle: ({ structurers, values }, event) =>
    Effect.gen(function* () {
      const transformation = transformationIn(event)
      // It is what the function takes.
      if (transformation === null) return { records: [] }
      const { stream } = transformation
      const contract = yield* contractOf(project, yield* datasetOf(values.deliveryStreams, stream))
      const structurer = yield* structurers.of(contract)
      const { answer, counts } = yield* transformRecords(structurer, transformation)
      yield* Effect.annotateLogs(Effect.logInfo(`${stream}: transformed`), countsToTell(counts))
      return answer
    })
})
