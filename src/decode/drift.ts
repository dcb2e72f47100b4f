/** At most this many different paths are counted by name. */
export const maxDriftPaths = 1000
/** Under which all further paths are counted. */
export const otherPaths = "…"

const plainKey = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/
const looksLikeData = /[0-9]{3}|[0-9].*[0-9].*[0-9].*[0-9]/

/**
 * How an unknown key stands in the drift report. Keys can be data (product numbers, e-mail addresses, free text), and a report must neither
 * grow with the data nor quote it: a key that is not a plain name of at most 64 characters, or has four digits or three in a row, is `*`.
 */
export const driftKey = (key: string): string => (plainKey.test(key) && !looksLikeData.test(key) ? key : "*")

/** How many paths a drift report counts by name. */
export const namedPaths = (drift: { readonly [path: string]: number }): number =>
  Object.keys(drift).length - (Object.hasOwn(drift, otherPaths) ? 1 : 0)
