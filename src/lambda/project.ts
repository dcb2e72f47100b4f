import found from "#project"
import { type LoadedProject, projectOf } from "../contract/load.ts"

/**
 * The project whose contracts functions know. It is part of their bundles: the build says which project `#project` is, and in a clone it is the default.
 */
export const project: LoadedProject = projectOf(found, new URL(import.meta.url))
