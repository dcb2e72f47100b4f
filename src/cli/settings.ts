import { Effect, type Option } from "effect"
import { Flag } from "effect/cli"
import { withHashKey } from "../app/hash-key-secret.ts"
import type { Setting } from "../app/setting-types.ts"
import { type Given, readSettings, type SettingName, settingNames, settings, variableOf } from "../app/settings.ts"

/** The settings that a command takes: flags for its definition, and how to read them. */
export const use = <const K extends SettingName>(...names: ReadonlyArray<K>) => {
  const flags: Partial<Record<SettingName, Flag.Flag<Option.Option<string>>>> = {}
  for (const name of names) {
    const it: Setting<unknown> = settings[name] as Setting<unknown> // widening: only name, text and default are used here
    if (it.secret || it.global) continue
    const fallback = it.default === null ? "" : ` Default: ${it.show(it.default)}.`
    flags[name] = Flag.String(it.name).pipe(
      Flag.withDescription(`${it.description}${fallback} [${variableOf(it.name)}]`),
      Flag.withMetavar("VALUE"),
      Flag.optional
    )
  }
  return {
    flags: flags as { readonly [N in K]: Flag.Flag<Option.Option<string>> }, // secrets and what is global have none, and `read` does not look for one
    /** As they are said, for who works with them. */
    read: (given: Given<K>) => Effect.flatMap(readSettings(names, given), withHashKey),
    /** As they are said, and nothing asked: of a hash key no more than the secret that holds it. */
    readPlain: (given: Given<K>) => readSettings(names, given)
  }
}

/** All settings, for `doctor`. */
export const allSettings = use(...settingNames)
