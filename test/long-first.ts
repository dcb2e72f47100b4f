import { relative } from "node:path"
import { BaseSequencer, type TestSpecification } from "vitest/node"

/**
 * An order of files for a machine that has never run them: long ones first, so that no worker is left alone with one at the end. Vitest goes by the size of
 * a file where it knows no more, and what takes longest here is short to write. A file that is not named comes later, which costs time and nothing else.
 *
 * @param long paths below the root, the longest first
 */
export const longFirst = (long: ReadonlyArray<string>) =>
  class extends BaseSequencer {
    override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
      const place = ({ moduleId }: TestSpecification) => {
        const found = long.indexOf(relative(this.ctx.config.root, moduleId))
        return found < 0 ? long.length : found
      }
      return (await super.sort(files)).toSorted((a, b) => place(a) - place(b))
    }
  }
