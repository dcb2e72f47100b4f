import type { Answer } from "./post.ts"

/** What became of one hit of a request. */
export type Outcome =
  /** The server says that it has it. */
  | { readonly is: "acknowledged" }
  /** The server does not want it, whenever it is sent. */
  | { readonly is: "refused"; readonly reason: string }
  /** It may be sent again. */
  | { readonly is: "open"; readonly reason: string }

const acknowledged: Outcome = { is: "acknowledged" }

const isPassing = (status: number): boolean => status === 408 || status === 429 || status >= 500

/**
 * What became of each of so many hits, by the answer or by why there is none. What an endpoint says of each hit counts (`items`, in the order of the request, each with a
 * `status`); where it says nothing of them, its status is that of all.
 */
export const outcomesOf = (answer: Answer | string, hits: number): ReadonlyArray<Outcome> => {
  if (typeof answer === "string") return Array.from({ length: hits }, () => ({ is: "open", reason: answer }))
  const { status } = answer
  const told = membersOf(parsed(answer.body))
  const items = told["items"]
  if (Array.isArray(items) && items.length === hits) return items.map((item: unknown) => outcomeOf(membersOf(item), status))
  if (status >= 200 && status < 300) return Array.from({ length: hits }, () => acknowledged)
  const problem = membersOf(told["error"])["problem"]
  const reason = typeof problem === "string" ? `${status} ${problem}` : String(status)
  return Array.from({ length: hits }, () => ({ is: isPassing(status) ? "open" : "refused", reason }))
}

const outcomeOf = ({ status, code, reason }: Members, answered: number): Outcome => {
  if (status === "stored") return acknowledged
  if (status === "unavailable") return { is: "open", reason: `${answered} unavailable` }
  return { is: "refused", reason: String(code ?? reason ?? status) }
}

type Members = { readonly [name: string]: unknown }

const membersOf = (value: unknown): Members => (typeof value === "object" && value !== null ? { ...value } : {})

const parsed = (text: string): unknown => {
  if (!text.startsWith("{")) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
