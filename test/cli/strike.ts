import type { ChildProcess } from "node:child_process"
import { watch } from "node:fs"
import { mkdir } from "node:fs/promises"
import { type Ran, start } from "./sluice.ts"

/** How a process ended that was at work. */
export interface Life extends Ran {
  /** Milliseconds from the first sign of its work to its end; NaN: there was none. */
  readonly worked: number
}

/**
 * Runs the command, and kills it (SIGKILL, no chance to clean up) so many milliseconds after the first sign of its work, which is a change below its lake's
 * folder: counted from its start most kills would hit, on a machine with other things to do, a process that has not begun. Without `after` it is left alone.
 *
 * @param kill what is done to it then, where that is something else
 */
export const strike = async (
  args: ReadonlyArray<string>,
  lake: string,
  after?: number,
  env: Readonly<Record<string, string>> = {},
  kill: (child: ChildProcess) => void = (child) => child.kill("SIGKILL")
): Promise<Life> => {
  await mkdir(lake, { recursive: true })
  const changes = watch(lake, { recursive: true })
  let begun = Number.NaN
  let timer: NodeJS.Timeout | undefined
  try {
    const { child, done } = start(args, env)
    changes.once("change", () => {
      begun = performance.now()
      if (after !== undefined) timer = setTimeout(kill, after, child)
    })
    const ran = await done
    return { ...ran, worked: performance.now() - begun }
  } finally {
    clearTimeout(timer)
    changes.close()
  }
}
