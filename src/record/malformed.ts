/** What is wrong with bytes or values, found by a pure function that does not know the table: thrown inside, made an error that names it at the edge. */
export class Malformed extends Error {
  readonly reason: "Corrupt" | "Unsupported" | "Invalid"
  readonly hint: string
  constructor(reason: "Corrupt" | "Unsupported" | "Invalid", problem: string, hint: string) {
    super(problem)
    this.reason = reason
    this.hint = hint
  }
}
