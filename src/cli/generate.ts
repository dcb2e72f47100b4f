import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { writeGenerated } from "../generate/write.ts"
import { json, positive, share, toggle } from "./common.ts"
import { bytes, number, print } from "./output.ts"
import { makeProgress } from "./progress.ts"

export const generate = Command.make(
  "generate",
  {
    orders: positive("orders").pipe(Flag.withDescription("Orders to make; each has one or more versions."), Flag.withDefault(20_000)),
    seed: Flag.Int("seed").pipe(Flag.withDescription("Same seed, same bytes."), Flag.withDefault(1)),
    out: Flag.String("out").pipe(Flag.withDescription("Folder to write to: one or more files per arrival hour, YYYY/MM/DD/HH/.")),
    dirt: share("dirt").pipe(Flag.withDescription("Share of records (0 to 1) that are bad, late or doubled."), Flag.withDefault(0)),
    gzip: toggle("gzip", "Compress the files."),
    json
  },
  Effect.fnUntraced(function* ({ json, ...options }) {
    const progress = yield* makeProgress("generate", !json)
    const manifest = yield* writeGenerated({
      ...options,
      onProgress: (done) => progress.show(null, `${number(done.records)} records, ${bytes(done.rawBytes)}`)
    })
    progress.clear()
    yield* print(
      json,
      manifest,
      () => `${number(manifest.records)} records of ${number(options.orders)} orders, ${bytes(manifest.rawBytes)}, in ${options.out}`
    )
  })
).pipe(Command.withDescription("Write deterministic checkout orders, shaped like the real ones, with what goes wrong mixed in."))
