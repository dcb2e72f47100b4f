import { cpSync, mkdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

/** An instruction of a Dockerfile: `COPY`, and what follows it. */
export interface Instruction {
  readonly name: string
  readonly rest: string
}

/** What a file of instructions says, comments left out and continued lines joined. */
export const instructionsIn = (text: string): ReadonlyArray<Instruction> =>
  text
    .replace(/^\s*#.*\n/gm, "")
    .replace(/\\\n\s*/g, " ")
    .split("\n")
    .flatMap((line) => {
      const [, name, rest = ""] = /^\s*([A-Z]+)\s+(.*?)\s*$/.exec(line) ?? []
      return name === undefined ? [] : [{ name, rest }]
    })

/** The words of an instruction in exec form, which no shell reads. */
export const execForm = (rest: string): ReadonlyArray<string> => {
  const words: unknown = JSON.parse(rest)
  if (!Array.isArray(words) || words.some((word) => typeof word !== "string")) throw new Error(`${rest} is not in exec form`)
  return words
}

/** `KEY=value` each. */
export const variablesOf = (rest: string): Readonly<Record<string, string>> =>
  Object.fromEntries(rest.split(/\s+/).map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]))

/** What a build is given of a folder, by its `.dockerignore`: all is left out there, but what is named. */
export const contextOf = (repository: string): ReadonlySet<string> => {
  const [all, ...named] = readFileSync(join(repository, ".dockerignore"), "utf8").trim().split("\n")
  if (all !== "*" || named.some((line) => !/^![\w.-]+$/.test(line))) throw new Error(".dockerignore says more than this reads")
  return new Set(named.map((line) => line.slice(1)))
}

/** Does what a COPY says. @param to the working folder */
export const copy = (repository: string, context: ReadonlySet<string>, rest: string, to: string): void => {
  const words = rest.split(/\s+/)
  const target = words.at(-1) ?? "."
  for (const source of words.slice(0, -1)) {
    if (!context.has(source)) throw new Error(`COPY ${source}: .dockerignore leaves it out`)
    const place = target.endsWith("/") ? join(to, target, source) : join(to, target)
    mkdirSync(join(place, ".."), { recursive: true })
    cpSync(join(repository, source), place, { recursive: true })
  }
}
