import { Option } from "effect"
import { Flag } from "effect/cli"

/** Value of a flag that is needed before, and after, the parser has its say. */
export const given = (args: ReadonlyArray<string>, name: string): Option.Option<string> => {
  const at = args.findIndex((arg) => arg === name || arg.startsWith(`${name}=`))
  const arg = args[at]
  return Option.fromUndefinedOr(arg === name ? args[at + 1] : arg?.slice(name.length + 1))
}

/** A flag that is off unless it is given. */
export const toggle = (name: string, description: string) =>
  Flag.Boolean(name).pipe(Flag.withDescription(description), Flag.withDefault(false))

/** A flag that says what it is where it is not given. */
export const withDefault = <A extends string | number>(flag: Flag.Flag<A>, description: string, fallback: NoInfer<A>): Flag.Flag<A> =>
  flag.pipe(Flag.withDescription(`${description} Default: ${fallback}.`), Flag.withDefault(fallback))

export const json = toggle("json", "Print one JSON value on standard output, and nothing else there.")

export const changeHashKey = toggle(
  "change-hash-key",
  "Go on with SLUICE_HASH_KEY as it is now where the lake was filled with another key, or none. What is there stays: one value has two hashes."
)

/** A flag for a whole number from `minimum` up. */
export const atLeast = (minimum: number, name: string) =>
  Flag.Int(name).pipe(
    Flag.filter(
      (n) => n >= minimum,
      () => `a whole number from ${minimum} up`
    )
  )

/** A flag for a whole number from 1 up. */
export const positive = (name: string) => atLeast(1, name)

/** A flag for a share, 0 to 1. */
export const share = (name: string) =>
  Flag.Finite(name).pipe(
    Flag.filter(
      (x) => x >= 0 && x <= 1,
      () => "a share from 0 to 1"
    )
  )

/** `--select` of the commands that are about models. */
export const selectFlag = Flag.String("select").pipe(
  Flag.withDescription("Only these: name, +name, name+, tag:x, path:folder, source:s+, several with spaces. Without it, all."),
  Flag.optional
)
