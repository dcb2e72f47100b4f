/**
 * `JSON.rawJSON` of ES2026, which the TypeScript library does not declare yet: makes a value that `JSON.stringify` writes as the text that it
 * was given. For numbers whose digits a double cannot hold.
 */
export const rawJson = (JSON as unknown as { readonly rawJSON: (text: string) => RawJson }).rawJSON // Node 24 has it

/** What {@link rawJson} gives. */
export interface RawJson {
  readonly rawJSON: string
}

/** JSON text of a value; integers beyond 2^53 are numbers with all their digits. */
export const jsonText = (value: unknown, indent?: number): string =>
  JSON.stringify(value, (_, v: unknown) => (typeof v === "bigint" ? rawJson(String(v)) : v), indent)
