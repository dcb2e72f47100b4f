import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { root, sluice } from "./sluice.ts"

const web = ["--project", join(root, "schemas/web"), "--dataset", "web_logs"]

describe("what is for JSON alone", () => {
  it("is refused where the contract says another format, with what to do", async () => {
    const ingest = await sluice(["ingest", ...web, "--format", "lines", "--input", root, "--lake", join(root, "no-lake")])
    expect(ingest.code).toBe(2)
    expect(ingest.stderr).toContain("--format lines is for JSON, and the records of web_logs are accessLog. Leave it out")
    const put = await sluice(["put", ...web, "--input", root, "--stream", "s"])
    expect(put.code).toBe(2)
    expect(put.stderr).toContain("put takes records of JSON, and those of web_logs are accessLog. Ingest their files as they are")
  })
})
