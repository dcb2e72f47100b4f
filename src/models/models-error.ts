import { Schema } from "effect"

/** The models of a project cannot be used: all that is wrong with them, each with its file and line. */
export class ModelsError extends Schema.TaggedError<ModelsError>()("ModelsError", {
  problems: Schema.Array(Schema.Struct({ file: Schema.String, line: Schema.Number, problem: Schema.String, hint: Schema.String }))
}) {
  override get message(): string {
    const [first, ...others] = this.problems.map(({ file, line, problem, hint }) => `${file}:${line}: ${problem}. ${hint}`)
    return others.length === 0 ? `${first}` : [`${this.problems.length} things are wrong with the models:`, first, ...others].join("\n  ")
  }
}
