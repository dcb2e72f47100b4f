/** The configuration by programs that are not ours: Terraform's core, its tests, its linter, and a checker of safety. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { setUpCheckov, setUpTflint } from "../setup.ts"
import { type Applied, applyConfiguration, builtFunctions, type House, modes, openHouse, orFail, repository, run } from "./tofu.ts"

let house: House
beforeAll(async () => {
  house = await openHouse()
  await orFail("tofu init", house.tofu("init", "-no-color", "-test-directory=test/terraform"))
})
afterAll(() => house.close())

/** Folders with Terraform files, but for those of tests. */
const modules = (): ReadonlyArray<string> => {
  const files = readdirSync(house.folder, { recursive: true, encoding: "utf8" })
  const folders = files.filter((path) => /^(?:[^/]+|(?:infra-terraform|examples)\/.+)\.tf$/.test(path)).map(dirname)
  return [...new Set(folders)].sort()
}

const terraformFilesIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(join(house.folder, folder)).flatMap((name) => (name.endsWith(".tf") ? [join(house.folder, folder, name)] : []))

interface Checked {
  readonly summary: { readonly passed: number; readonly failed: number }
  readonly results: {
    readonly failed_checks: ReadonlyArray<{ readonly check_id: string; readonly resource: string; readonly check_name: string }>
  }
}

/** What checkov says. It asks nobody. */
const checkov = async (...args: ReadonlyArray<string>): Promise<Checked> => {
  const said = await run(setUpCheckov(), [...args, "--skip-download", "--quiet", "--compact", "--output", "json"], house.folder)
  // It ends with 1 where it finds something, and with a warning of Python's before its JSON in others.
  const { out, errors } = said
  if (!out.includes("{")) throw new Error(`checkov ended with ${said.code}:\n${errors}${out}`)
  return JSON.parse(out.slice(out.indexOf("{")))
}

const failuresOf = ({ results }: Checked) =>
  results.failed_checks.map(({ check_id, resource, check_name }) => `${check_id} ${resource}: ${check_name}`)

/** A plan in which all is known, as it is after the apply: of a key that is not there yet checkov says that there is none. */
const knownPlan = ({ plan, state, resources }: Applied) => ({
  ...plan,
  planned_values: state.values,
  resource_changes: (plan.resource_changes ?? []).map((change) => ({
    ...change,
    change: { ...change.change, after: resources.get(change.address)?.values ?? null, after_unknown: {} }
  }))
})

/** Buckets that have a setting; of versioning those that keep versions, of encryption those with a key. */
const settingsOf = ({ resources }: Applied, type: string): ReadonlyArray<unknown> =>
  [...resources.values()]
    .filter(({ type: its, mode, values }) => {
      if (its !== type || mode !== "managed") return false
      const text = JSON.stringify(values)
      if (type === "aws_s3_bucket_versioning") return text.includes('"status":"Enabled"')
      return type === "aws_s3_bucket" || text.includes('"sse_algorithm":"aws:kms"')
    })
    .map(({ values }) => values["bucket"])
    .sort()

describe("the configuration", () => {
  it("is formatted", async () => {
    expect(await house.tofu("fmt", "-check", "-diff", "-recursive", "-no-color")).toEqual({ code: 0, out: "", errors: "" })
  })

  it("is valid", async () => {
    const { valid, error_count, warning_count, diagnostics } = JSON.parse(await orFail("tofu validate", house.tofu("validate", "-json")))
    expect({ valid, error_count, warning_count, diagnostics }).toEqual({ valid: true, error_count: 0, warning_count: 0, diagnostics: [] })
  })

  it("passes its own tests", async () => {
    // Values that mock_provider makes up have no form that AWS would take.
    const mocked = await openHouse(repository, undefined, false)
    try {
      // Where the configuration looks for functions by itself.
      rmSync(join(mocked.folder, "dist"), { recursive: true, force: true })
      mkdirSync(join(mocked.folder, "dist"))
      symlinkSync(builtFunctions(), join(mocked.folder, "dist/lambda"))
      await orFail("tofu init", mocked.tofu("init", "-no-color", "-test-directory=test/terraform"))
      const said = await mocked.tofu("test", "-no-color", "-test-directory=test/terraform")
      expect(said.code, said.errors + said.out).toBe(0)
      expect(said.out).toMatch(/Success! [1-9]\d* passed, 0 failed/)
    } finally {
      await mocked.close()
    }
  })

  it("has nothing that tflint warns of", async ({ skip }) => {
    const tflint = setUpTflint()
    if (tflint === null) return skip("there is no tflint here: SLUICE_TEST_TFLINT=build builds it")
    const folders = modules()
    expect(folders).toContain("infra-terraform/lake")
    for (const folder of folders) {
      const args = ["--no-color", `--config=${join(repository, ".tflint.hcl")}`, `--chdir=${folder}`]
      // An example says which provider it runs with, and has resources only by the module that it calls.
      if (folder.includes("examples/")) args.push("--disable-rule=terraform_unused_required_providers")
      expect(await run(tflint, args, house.folder), folder).toMatchObject({ code: 0, out: "" })
    }
  })

  it("is safe as far as checkov knows, and says why where it is not", async () => {
    // The examples call the same modules once more, and a check of each costs a minute.
    const skipped = ["--skip-path", "test/terraform", "--skip-path", "/examples/"]
    const checked = await checkov("--directory", ".", "--framework", "terraform", ...skipped)
    expect(failuresOf(checked)).toEqual([])
    expect(checked.summary.passed).toBeGreaterThan(100)
    const reasons = modules().flatMap((folder) =>
      terraformFilesIn(folder).flatMap((file) => [...readFileSync(file, "utf8").matchAll(/#\s*checkov:skip=(\w+)(?::(.*))?$/gm)])
    )
    expect(reasons.filter(([, , reason = ""]) => reason.trim().length < 10).map(([whole]) => whole)).toEqual([])
  })

  describe.each(modes)("in the mode %s", (mode) => {
    // Tasks run in a network, which is nobody's guess. What is everything has the endpoint, too.
    const variables = { network: { create: true }, ...(mode === "all" ? { collect: { enabled: true } } : {}) }

    it("is planned, applied, has nothing left to change, and is destroyed; its plan is safe too", async () => {
      const applied = await applyConfiguration({ mode, variables })
      const folder = mkdtempSync(join(tmpdir(), "sluice-plan-"))
      try {
        expect(applied.resources.size).toBeGreaterThan(50)
        expect(await applied.planAgain()).toEqual([])
        const file = join(folder, "plan.json")
        writeFileSync(file, JSON.stringify(knownPlan(applied)))
        // The reasons stand in the code: without it they would not be seen.
        const code = ["--repo-root-for-plan-enrichment", house.folder, "--skip-check", "CKV_AWS_21,CKV_AWS_145"]
        const checked = await checkov("--file", file, "--framework", "terraform_plan", ...code)
        expect(failuresOf(checked)).toEqual([])
        // What was skipped, since checkov finds no settings of buckets that are made by for_each.
        expect(settingsOf(applied, "aws_s3_bucket_versioning")).toEqual(settingsOf(applied, "aws_s3_bucket"))
        expect(settingsOf(applied, "aws_s3_bucket_server_side_encryption_configuration")).toEqual(settingsOf(applied, "aws_s3_bucket"))
        expect(checked.summary.passed).toBeGreaterThan(100)
      } finally {
        rmSync(folder, { recursive: true })
        await applied.destroy()
      }
    })
  })
})
