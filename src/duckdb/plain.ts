import { rawJson } from "../record/json-text.ts"

/**
 * A value of a result, exact. Integers are numbers where they fit, else bigints; decimals are {@link Decimal}s; timestamps are ISO 8601 text
 * with microseconds; dates, times, intervals and UUIDs are text; bytes are base64 text; lists are arrays; structs and maps are objects.
 */
export type Plain = null | boolean | number | bigint | string | Decimal | ReadonlyArray<Plain> | { readonly [name: string]: Plain }

/** An exact decimal number, as text: it is never made a float. In JSON it is a number with all its digits. */
export class Decimal {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
  toString(): string {
    return this.text
  }
  toJSON(): unknown {
    return rawJson(this.text)
  }
}
