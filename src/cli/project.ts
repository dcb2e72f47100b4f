import { Effect, Option } from "effect"
import { Flag, GlobalFlag } from "effect/cli"
import {
  allContracts as allOf,
  withDatabase as databaseOf,
  defaultProject,
  contractOf as ofProject,
  warnOfContracts as warnOf
} from "../app/project.ts"
import { readSettings, settings } from "../app/settings.ts"
import { loadProject } from "../contract/load.ts"
import { shellWord } from "../record/shell.ts"
import { given, withDefault } from "./common.ts"

/** The project that this process is about: flags and help speak of its datasets, so that it is there before the command line is read. */
export const projectFlag = GlobalFlag.Setting("project")({
  flag: Flag.String("project").pipe(
    Flag.withDescription(`${settings.project.description} Default: ${settings.project.show(settings.project.default)}. [SLUICE_PROJECT]`),
    Flag.withMetavar("DIR"),
    Flag.optional
  )
})

/** Which project the command line and the environment name. */
export const readProjectSetting = (args: ReadonlyArray<string>) => readSettings(["project"], { project: given(args, "--project") })

const chosen = Effect.runSync(Effect.result(readProjectSetting(process.argv.slice(2))))

/** Where the setting cannot be used, which `main` tells, that of nobody's choice. */
export const project = await loadProject(chosen._tag === "Success" ? chosen.success.project : defaultProject)

/** What commands that are recommended need to be about the same project, where it was named to this one. */
export const projectArgument = Option.match(given(process.argv.slice(2), "--project"), {
  onNone: () => "",
  onSome: (named) => ` --project ${shellWord(named)}`
})

/** The dataset that a command is about which is told of none. */
export const firstDataset = project.datasets[0] ?? ""

export const withDatabase = <A extends { readonly glueDatabase: string | null }>(values: A) => databaseOf(project, values)

export const datasetText = [
  `Dataset: ${project.datasets.join(" or ")}.`,
  ...(project.error === null ? [] : ["Not all of their contracts can be used: sluice doctor says why."])
].join(" ")

export const dataset = withDefault(Flag.String("dataset"), datasetText, firstDataset)

/** The same for commands that carry all datasets of a project. */
export const oneDataset = Flag.String("dataset").pipe(
  Flag.withDescription(
    `${datasetText} Default: every one that says which files arrive for it, and has some; ${firstDataset} takes the files that no other claims.`
  ),
  Flag.optional
)

export const warnOfContracts = warnOf(project)
export const allContracts = allOf(project)
export const contractOf = (name: string) => ofProject(project, name)
