const longest = 1000

/** What must not leave with a message, in this order. Each stands for what it replaces, so that the message still reads. */
const patterns: ReadonlyArray<readonly [RegExp, string]> = [
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^/\s@]+@/gi, "$1"],
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s?#]+)[?#][^\s]*/gi, "$1"],
  [/\b(bearer|basic)\s+[\w.~+/=-]+/gi, "$1 [removed]"],
  [/\b((?:\w*(?:password|secret|token|credential|api[-_]?key))["']?\s*[:=]\s*)["']?[^\s"',;]+["']?/gi, "$1[removed]"],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, "[key]"],
  [/[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+/gu, "[e-mail]"],
  [/\b\d{3}\.\d{3}\.\d{3}-\d{2}\b/g, "[number]"],
  [/\b\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{1,7}\b/g, "[number]"],
  [/\+\d[\d ()-]{7,}\d/g, "[number]"],
  // Documents, phones and cards have 9 to 19 digits; versions in file names and sequence numbers have more.
  [/(?<![\d.])\d{9,19}(?![\d.])/g, "[number]"]
]

/**
 * A message for the outside. Sluice's own messages name keys, paths and reasons and never quote a record; this is the second fence, for what
 * an operating system or a library put into one: only the first line, without credentials, addresses, and numbers that may be a person's.
 */
export const scrub = (message: string): string => {
  let text = (message.trim().split(/[\r\n]/, 1)[0] ?? "").replace(/\p{Cc}/gu, " ").trim()
  for (const [pattern, replacement] of patterns) text = text.replace(pattern, replacement)
  return text.length > longest ? `${text.slice(0, longest).toWellFormed()}…` : text
}
