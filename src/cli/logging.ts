import { Flag, GlobalFlag } from "effect/cli"
import { given } from "./common.ts"
import { use } from "./settings.ts"

export const logFormatFlag = GlobalFlag.Setting("log-format")({
  flag: Flag.Literals("log-format", ["text", "json"]).pipe(
    Flag.optional,
    Flag.withDescription("Form of the log lines on standard error. Default: text. [SLUICE_LOG_FORMAT]")
  )
})

const settings = use("logFormat", "logLevel")

/** How to log, as the command line and the environment say. `--log-level` is left to the parser, which has it for every command. */
export const readLogSettings = (args: ReadonlyArray<string>) => settings.read({ logFormat: given(args, "--log-format") })
