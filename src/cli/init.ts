import { existsSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { basename, dirname, join, resolve } from "node:path"
import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { Failed } from "../app/failures.ts"
import { newProject } from "../app/new-project.ts"
import { shellWord } from "../record/shell.ts"
import { makeFolders } from "../store/local-files.ts"
import { json } from "./common.ts"
import { print } from "./output.ts"

/** What a folder may have that is to hold a project, and keeps. */
const mayStay: ReadonlySet<string> = new Set(["README.md", ".gitignore"])

export const init = Command.make(
  "init",
  {
    folder: Argument.String("dir").pipe(
      Argument.withDescription("Folder for the project; made where it is not there. No file that is there is changed.")
    ),
    json
  },
  Effect.fnUntraced(function* ({ folder, json }) {
    const root = resolve(folder)
    const files = newProject(basename(root))
    const there = [...files.keys()].filter((path) => existsSync(join(root, path)))
    const inTheWay = there.filter((path) => !mayStay.has(path))
    if (inTheWay.length > 0) {
      return yield* new Failed({
        problem: `${folder} has ${inTheWay.join(", ")} already`,
        hint: "Nothing was written. Name a folder without a project."
      })
    }
    const written = [...files].filter(([path]) => !there.includes(path))
    yield* Effect.tryPromise({
      try: async () => {
        for (const [path, text] of written) {
          await makeFolders(dirname(join(root, path)))
          await writeFile(join(root, path), text, { flag: "wx" })
        }
      },
      catch: (cause) =>
        new Failed({
          problem: `${folder} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`,
          hint: "Name a folder that can be, without a project."
        })
    })
    const below = (path: string) => shellWord(join(folder, path))
    const next = `sluice run --once --project ${shellWord(folder)} --input ${below("data")} --lake ${below("lake")}`
    yield* print(json, { folder: root, files: written.map(([path]) => path), next }, () =>
      [
        ...written.map(([path]) => `  ${join(folder, path)}`),
        "",
        "Five sample orders into a lake, and what became of them; e-mail addresses become hashes under a key, which a lake keeps to:",
        "  export SLUICE_HASH_KEY=$(openssl rand -hex 32)",
        `  ${next}`,
        `  sluice query --lake ${below("lake")} "FROM consumable_orders"`,
        ...(there.includes("README.md") ? [] : ["", `${join(folder, "README.md")} says what else there is.`])
      ].join("\n")
    )
  })
).pipe(
  Command.withDescription("Write a small project that works as it is: a contract, sample records, and what to do with them."),
  Command.withExamples([{ description: "A project in a folder of its own", command: "sluice init shop" }])
)
