import { fileURLToPath } from "node:url"
import { freshBundle, packedBundle } from "./build/fresh.ts"

/**
 * Starts the `sluice` command: its bundle, of which a process loads a few files in place of hundreds, or else the command as it is written. A clone
 * makes its bundle by itself, and again after each change.
 */
const isClone = import.meta.filename.endsWith(".ts")
const root = fileURLToPath(new URL(isClone ? "../" : "../../", import.meta.url))
const bundle = isClone ? freshBundle(root) : packedBundle(root)
await (bundle === null ? import("./cli/main.ts") : import(bundle))
