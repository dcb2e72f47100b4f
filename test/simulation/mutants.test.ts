import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { mutants } from "./mutants.ts"

describe("mutants", () => {
  it("change what stands in the program, once", () => {
    const times = (file: string, text: string) => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8").split(text).length - 1
    const stale = mutants.flatMap(({ name, edits }) =>
      edits.flatMap(({ file, from }) =>
        times(file, from) === 1 ? [] : [`${name}: in ${file} this stands ${times(file, from)} times: ${from}`]
      )
    )
    assert.deepStrictEqual(stale, [])
    assert.strictEqual(new Set(mutants.map(({ name }) => name)).size, mutants.length)
  })
})
