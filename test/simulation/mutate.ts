import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { type Mutant, mutants } from "./mutants.ts"
import { runShare } from "./run-seeds.ts"
import type { Outcome } from "./world.ts"

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
/** Kept out of the repository, and inside of the tree, so that packages are found as everywhere else. */
const workshop = join(root, ".sluice", "mutants")

/** A copy of what the simulation needs, with a mutant's edits. Throws where the text to replace does not stand exactly once. */
const breed = ({ name, edits }: Mutant): string => {
  const tree = join(workshop, name)
  rmSync(tree, { recursive: true, force: true })
  mkdirSync(tree, { recursive: true })
  for (const part of ["src", "package.json", "tsconfig.json"]) cpSync(join(root, part), join(tree, part), { recursive: true })
  cpSync(join(root, "test", "simulation"), join(tree, "test", "simulation"), { recursive: true })
  symlinkSync(join(root, "node_modules"), join(tree, "node_modules"))
  for (const { file, from, to } of edits) {
    const path = join(tree, file)
    const text = readFileSync(path, "utf8")
    const times = text.split(from).length - 1
    if (times !== 1) throw new Error(`mutant ${name}: in ${file} this stands ${times} times, not once: ${from}`)
    writeFileSync(
      path,
      text.replace(from, () => to)
    )
  }
  return tree
}

interface Found {
  readonly mutant: Mutant
  /** Null: it survived. */
  readonly seed: number | null
  readonly tried: number
  readonly by: string
}

/**
 * Runs a mutant until a seed finds it. Seeds that find something in the program as it is find nothing in the mutant.
 */
const hunt = async (mutant: Mutant, mostSeeds: number): Promise<Found> => {
  const tree = breed(mutant)
  try {
    const { world = "stream" } = mutant
    const end = (mutant.from ?? 1) + mostSeeds
    for (let from = mutant.from ?? 1; from < end; ) {
      let bad: Outcome | null = null
      let last = from - 1
      const share = { world, from, seeds: end - from, step: 1, duckdbShare: 0, stopAtViolation: true }
      const each = (outcome: Outcome) => {
        last = outcome.seed
        if (outcome.violations.length > 0) bad = outcome
      }
      await runShare(share, each, join(tree, "test", "simulation", "seed-runner.ts"))
      const { seed, violations } = (bad as Outcome | null) ?? { seed: 0, violations: [] }
      if (violations.length === 0) return { mutant, seed: null, tried: last, by: "" }
      // In a process of its own: there may be one world only where files are read.
      let clean = false
      await runShare({ ...share, from: seed, seeds: 1 }, (outcome) => {
        clean = outcome.violations.length === 0
      })
      if (clean) return { mutant, seed, tried: seed, by: `${violations[0]?.rule}: ${violations[0]?.detail}` }
      from = seed + 1
    }
    return { mutant, seed: null, tried: mostSeeds, by: "" }
  } finally {
    rmSync(tree, { recursive: true, force: true })
  }
}

/** Hunts all mutants, or those of these names, and prints a table of the first seeds that find them. @returns whether none survived `mostSeeds` */
export const mutantTable = async (names: ReadonlyArray<string>, jobs: number, mostSeeds: number): Promise<boolean> => {
  const unknown = names.filter((name) => !mutants.some((mutant) => mutant.name === name))
  if (unknown.length > 0) throw new TypeError(`there is no mutant ${unknown.join(", ")}`)
  const waiting = mutants.filter(({ name }) => names.length === 0 || names.includes(name))
  const count = waiting.length
  const found: Array<Found> = []
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const one = await hunt(next, mostSeeds)
      found.push(one)
      console.log(`… ${one.mutant.name}: ${one.seed === null ? `survived ${one.tried} seeds` : `seed ${one.seed}`}`)
    }
  }
  await Promise.all(Array.from({ length: Math.min(jobs, count) }, work))
  found.sort((a, b) => mutants.indexOf(a.mutant) - mutants.indexOf(b.mutant))
  const width = Math.max(...found.map(({ mutant }) => mutant.name.length))
  console.log(`${"mutant".padEnd(width)}  first seed  found by`)
  for (const { mutant, seed, by } of found)
    console.log(`${mutant.name.padEnd(width)}  ${String(seed ?? "survived").padStart(10)}  ${by.slice(0, 90)}`)
  const survivors = found.filter(({ seed }) => seed === null).length
  console.log(`${count} mutants, ${survivors} survived`)
  return survivors === 0
}
