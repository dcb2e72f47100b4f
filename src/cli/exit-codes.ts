import { BadConfig, UsageError } from "../app/failures.ts"
import { ContractError } from "../contract/contract.ts"
import { ModelsError } from "../models/models-error.ts"

export const exitCodes = { done: 0, failed: 1, usage: 2, config: 78 } as const

/** Exit code of an error that ended a command. */
export const exitCodeOf = (error: unknown): number =>
  error instanceof UsageError
    ? exitCodes.usage
    : error instanceof BadConfig || error instanceof ContractError || error instanceof ModelsError
      ? exitCodes.config
      : exitCodes.failed
