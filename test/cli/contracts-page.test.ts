import { execFile } from "node:child_process"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { copyOfProject, type Project } from "./project.ts"
import { root } from "./sluice.ts"

interface Block {
  readonly language: string
  readonly text: string
}

/** The fenced blocks of a page, in order. */
const blocksOf = (page: string): ReadonlyArray<Block> =>
  [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = "", text = ""]) => ({ language, text }))

let project: Project
beforeAll(async () => {
  project = await copyOfProject()
  // What `npm run -s sluice -- …` does where everything is set up.
  await project.write(
    "bin/npm",
    `#!/bin/sh\nshift 4\nexec "${process.execPath}" --no-warnings "${join(project.folder, "src", "main.ts")}" "$@"\n`
  )
})
afterAll(() => project.remove())

const shell = (script: string): Promise<{ readonly failed: boolean; readonly stdout: string; readonly stderr: string }> =>
  new Promise((resolve) => {
    const env = { ...process.env, PATH: `${join(project.folder, "bin")}:${process.env["PATH"]}` }
    execFile("sh", ["-ec", `chmod +x bin/npm; ${script}`], { cwd: project.folder, env }, (error, stdout, stderr) =>
      resolve({ failed: error !== null, stdout, stderr })
    )
  })

/** Applies a block of changes: lines that go, followed by those that come in their place. */
const apply = async (text: string): Promise<void> => {
  const [, path = "", changes = ""] = /^--- (.*)\n([\s\S]*)$/.exec(text) ?? []
  for (const [, before = "", after = ""] of changes.matchAll(/((?:^-.*\n)+)((?:^\+.*\n)+)/gm))
    await project.replace(path, before.replace(/^-/gm, ""), after.replace(/^\+/gm, ""))
}

it("runs as it is written: a new dataset from nothing to a query, then another name and another type", async () => {
  const blocks = blocksOf(await readFile(join(root, "docs", "contracts.md"), "utf8"))
  let exported = ""
  let printed = ""
  const seen = new Set<string>()
  for (const { language, text } of blocks) {
    seen.add(language)
    // A block without a path is a piece of one.
    const [, path] = /^\/\/ (.*)\n/.exec(text) ?? []
    if (language === "ts") await (path === undefined ? undefined : project.write(path, text))
    else if (language === "diff") await apply(text)
    else if (language === "sh") {
      const { failed, stdout, stderr } = await shell(`${exported}\n${text}`)
      expect([failed, failed ? stderr : ""]).toEqual([false, ""])
      exported += (/^export .*$/m.exec(text) ?? []).join("")
      // CSV ends its lines as its standard says.
      printed = stdout.replaceAll("\r\n", "\n")
    } else if (language === "csv") expect(printed).toContain(text)
  }
  expect([...seen].sort()).toEqual(["csv", "diff", "sh", "text", "ts"])

  // The mistake that the page shows.
  const [message = ""] = blocks.flatMap(({ language, text }) => (language === "text" ? [text] : []))
  await project.replace("shop/returns.ts", 'sensitive: "hash"', 'sensitive: "hashed"')
  const { code, stderr } = await project.sluice(["ingest", "--project", "shop", "--input", "raw", "--lake", "lake"])
  expect([code, stderr]).toEqual([78, message])
})
