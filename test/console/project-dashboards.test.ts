/** The dashboards that projects bring: none of their queries fails, none of their charts shows nothing. Those of bright-light are looked at in a browser. */
import { expect, it } from "vitest"
import { startProjectConsole, wrongOf } from "./project-console.ts"

it.each([
  ["vtex", ["--orders", "120", "--seed", "3"], ["black-friday"], "from=2026-11-27&to=2026-11-27"],
  ["web", ["--kind", "hits", "--visitors", "40"], ["overview"], "from=2026-11-26&to=2026-11-27"]
])(
  "dashboards of %s answer every query in every grain, compared and not, with figures for their charts",
  async (project, generate, dashboards, period) => {
    const { origin, stop } = await startProjectConsole(project, generate)
    try {
      expect(await wrongOf(origin, dashboards, period)).toEqual([])
    } finally {
      await stop()
    }
  }
)
