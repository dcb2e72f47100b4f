import { Effect } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import { type FailedObject, type Handling, keyBelow } from "../firehose/messages.ts"
import { openRegistrar, type Registrar } from "../firehose/register.ts"
import { deliveryStreamOf } from "../lake/firehose.ts"
import { placeInStage, stagePath } from "../lake/layout.ts"
import type { OnRunEvent } from "../record/report.ts"
import type { AnnouncedObject } from "../source/announced/envelope.ts"
import { Store } from "../store/store.ts"

export interface ObjectRegistrar {
  /**
   * Registers those of the objects that lie below a stage, by one commit a dataset. Others are nothing to it. A dataset whose
   * stage cannot be written holds up no other.
   *
   * @returns those of which nothing was committed, and why
   */
  readonly register: (
    objects: ReadonlyArray<AnnouncedObject>,
    onEvent: OnRunEvent,
    handling: Handling
  ) => Effect.Effect<ReadonlyArray<FailedObject>, never, Store>
}

/** What registers objects of all datasets. A stage is opened when its first object comes, and stays open. @param hashKey by which values of the rows were hashed */
export const objectRegistrar = (contracts: ReadonlyArray<CompiledContract>, hashKey: Uint8Array | null): ObjectRegistrar => {
  const opened = new Map<string, Registrar>()
  const registrarOf = (contract: CompiledContract) =>
    Effect.gen(function* () {
      const { name } = contract.contract
      const registrar = opened.get(name) ?? (yield* openRegistrar({ contract, hashing: { key: hashKey, change: false } }))
      opened.set(name, registrar)
      return registrar
    })

  return {
    register: (objects, onEvent, { done }) =>
      Effect.gen(function* () {
        const { root } = yield* Store
        const failed: Array<FailedObject> = []
        const below = objects.flatMap((object) => {
          const place = placeInStage(keyBelow(root, object) ?? "")
          if (place !== null) return [{ object, ...place }]
          done(object)
          return []
        })
        for (const [dataset, ofDataset] of Map.groupBy(below, ({ dataset }) => dataset)) {
          const contract = contracts.find(({ contract }) => contract.name === dataset)
          if (contract === undefined) {
            const problem = `${stagePath(dataset)} is of no dataset of this project: build the function with the project that has it, or let Firehose write elsewhere.`
            for (const { object, path } of ofDataset)
              if (deliveryStreamOf(path) === null) done(object)
              else failed.push({ object, problem })
            continue
          }
          const paths = ofDataset.map(({ path }) => path)
          const registered = yield* Effect.result(Effect.flatMap(registrarOf(contract), (registrar) => registrar.register(paths, onEvent)))
          if (registered._tag === "Failure") {
            // The next event opens it anew: the stage may be another one by now.
            opened.delete(dataset)
            const problem = `${dataset}: ${registered.failure.message}`
            // It is a matter of this stage, and none of the others.
            failed.push(...ofDataset.map(({ object }) => ({ object, problem })))
            continue
          }
          const { added, refused, rows, known, nothing } = registered.success
          const problems = new Map(refused.map(({ path, problem }) => [path, problem]))
          for (const { object, path } of ofDataset) {
            const problem = problems.get(path)
            if (problem === undefined) done(object)
            else failed.push({ object, problem })
          }
          yield* Effect.logInfo(`${dataset}: registered`).pipe(
            Effect.annotateLogs({ files: added.length, rows, known, nothing, refused: refused.length })
          )
        }
        return failed
      })
  }
}
