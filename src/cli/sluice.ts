import { Command } from "effect/cli"
import { catalog } from "./catalog.ts"
import { contracts } from "./contracts.ts"
import { demo } from "./demo.ts"
import { doctor } from "./doctor.ts"
import { generate } from "./generate.ts"
import { ingest } from "./ingest.ts"
import { init } from "./init.ts"
import { maintain } from "./maintain.ts"
import { put } from "./put.ts"
import { query } from "./query.ts"
import { repartition } from "./repartition.ts"
import { replay } from "./replay.ts"
import { run } from "./run.ts"
import { runs } from "./runs.ts"
import { status } from "./status.ts"
import { verify } from "./verify.ts"

/** The `sluice` command: every subcommand there is. */
export const sluice = Command.make("sluice").pipe(
  Command.withDescription("Carries a shop's events into a Delta lake, exactly once."),
  Command.withSubcommands([
    init,
    run,
    ingest,
    repartition,
    verify,
    replay,
    query,
    status,
    runs,
    maintain,
    catalog,
    contracts,
    generate,
    put,
    doctor,
    demo
  ])
)
