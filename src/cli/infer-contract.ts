import { Effect } from "effect"
import { inferContract } from "../app/infer/infer.ts"
import { print } from "./output.ts"

/** Prints a contract that is proposed for the records of a file. @param dataset its name; null: the file's name says it */
export const printProposal = Effect.fnUntraced(function* (file: string, dataset: string | null, json: boolean) {
  const proposed = yield* inferContract(file, dataset)
  yield* print(json, proposed, () => proposed.text.trimEnd())
})
