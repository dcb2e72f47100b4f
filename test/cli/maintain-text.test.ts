import { expect, it } from "vitest"
import { maintainText } from "../../src/cli/maintain.ts"

const maintained = (overtaken: number) => ({
  table: "stage/checkout",
  compacted: {
    table: "stage/checkout",
    filesBefore: 9,
    filesAfter: 3,
    bytesBefore: 900,
    bytesAfter: 600,
    rows: 90,
    overtaken,
    version: 12
  },
  commitsExpired: 0,
  earliestVersion: 0,
  filesDeleted: 0,
  bytesDeleted: 0
})

it("says of a plan what did not come of it", () => {
  expect(maintainText([maintained(0)], false)).toMatch(/9 files into 3 +0 log/)
  expect(maintainText([maintained(2)], false)).toContain("9 files into 3, 2 overtaken by other commits")
})
