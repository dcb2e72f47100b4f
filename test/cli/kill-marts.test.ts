import { cp, mkdir, readdir, rename, rm } from "node:fs/promises"
import { basename, join } from "node:path"
import { describe, expect, it } from "vitest"
import { Random } from "../../src/record/seeded.ts"
import { realData, temporaryFolder } from "../acceptance/support.ts"
import { olistModels } from "../models/olist-marts.ts"
import { rowsOfEach } from "./in-process.ts"
import { root, sluice } from "./sluice.ts"
import { strike } from "./strike.ts"

/**
 * `run --once` of a whole project is killed at random moments, from the landed files to the marts and the upkeep behind them, and run again each time. Then every table
 * must be that of a run that nobody disturbed. More kills: `SLUICE_TEST_MART_KILLS=50`.
 */
const kills = Number(process.env["SLUICE_TEST_MART_KILLS"] ?? 2)

const data = realData("olist")
const folder = temporaryFolder()

/** What tells of the runs: who is killed before it has noted one has noted none. */
const untold = /^tb_0001_/

describe.skipIf(data === undefined)("kills of run --once", () => {
  it(`${kills} of them leave the marts of a run that was left alone`, { timeout: 20 * 60_000 }, async () => {
    const [input, calm, hit] = [folder("in"), folder("calm"), folder("hit")]
    await mkdir(input)
    const sample = join(data ?? "", "sample_500_orders")
    /** A delivery of all files, as exports name them. */
    const deliver = async (time: string) => {
      for (const file of await readdir(sample)) {
        const name = `${basename(file, ".csv")}_${time}.csv`
        await cp(join(sample, file), join(input, `.${name}`))
        // Whole, or not there.
        await rename(join(input, `.${name}`), join(input, name))
      }
    }
    const run = (lake: string) => ["run", "--once", "--project", join(root, "schemas", "olist"), "--input", input, "--lake", lake]
    const random = new Random(7)
    let killed = 0
    // A few kills are all of one delivery.
    for (const time of kills < 4 ? ["20181101080000"] : ["20181101080000", "20181102080000"]) {
      await deliver(time)
      const { code, stderr, worked } = await strike(run(calm), calm)
      expect(code, stderr).toBe(0)
      const wanted = kills >= 4 && time.endsWith("1080000") ? Math.ceil(kills / 2) : kills
      while (true) {
        const life = await strike(run(hit), hit, killed < wanted ? random.unit() * worked : undefined)
        if (life.code === null) killed++
        else expect(life.code, life.stderr).toBe(0)
        if (life.code !== 0) continue
        if (killed >= wanted) break
        // It was too quick. Behind a first delivery it begins anew, since all that follow have nothing to do and are quicker still.
        if (time === "20181101080000") await rm(hit, { recursive: true, force: true })
      }
    }
    expect(killed).toBeGreaterThanOrEqual(kills)

    const verified = await sluice(["verify", "--project", join(root, "schemas", "olist"), "--lake", hit])
    expect(verified.code, verified.stdout).toBe(0)
    const names = olistModels()
      .models.map(({ name }) => name)
      .filter((name) => !untold.test(name))
    const all = names.map((name) => `SELECT * FROM ${name} ORDER BY ALL`)
    const [found, expected] = [await rowsOfEach(hit, all), await rowsOfEach(calm, all)]
    for (const [i, name] of names.entries()) expect([name, found[i]]).toEqual([name, expected[i]])
  })
})
