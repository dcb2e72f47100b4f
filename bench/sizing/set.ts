const isObject = (value: unknown): value is { [name: string]: unknown } => typeof value === "object" && value !== null

/**
 * An input with other numbers at some paths.
 *
 * @param assignments `path=number` each
 * @param refuse what becomes of one that names no number, or gives none
 */
export const withValues = <Input>(input: Input, assignments: ReadonlyArray<string>, refuse: (problem: string) => never): Input =>
  assignments.reduce((each, assignment) => withValue(each, assignment, refuse), input)

const withValue = <Input>(input: Input, assignment: string, refuse: (problem: string) => never): Input => {
  const [path = "", text = ""] = assignment.split("=")
  const value = Number(text)
  const copy: unknown = structuredClone(input)
  let at = copy
  const names = path.split(".")
  for (const name of names.slice(0, -1)) at = isObject(at) && Object.hasOwn(at, name) ? at[name] : refuse(`there is no ${path}`)
  const last = names.at(-1) ?? ""
  if (!isObject(at) || typeof at[last] !== "number") return refuse(`there is no number ${path}`)
  if (text === "" || !(value >= 0)) return refuse(`--set ${assignment}: give a number, 0 or more`)
  at[last] = value
  return copy as Input // only a number took the place of another
}
