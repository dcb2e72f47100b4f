import { expect, it } from "vitest"
import { isDay } from "../../src/record/day.ts"

it("a day is one of the calendar, in its one form", () => {
  expect(["2026-02-28", "2028-02-29", "0001-01-01", "9999-12-31"].filter((text) => !isDay(text))).toEqual([])
  const others = [
    "2026-02-29",
    "2026-02-30",
    "2026-04-31",
    "2026-13-01",
    "2026-00-10",
    "2026-01-00",
    "2026-1-1",
    "2026-01-01T00:00:00Z",
    " 2026-01-01",
    ""
  ]
  expect(others.filter(isDay)).toEqual([])
})
