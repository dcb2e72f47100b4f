/** A number for people: `2,000`. */
export const number = (n: number): string => n.toLocaleString("en-US")

/**
 * A number of things, with their noun: `1 row`, `2,000 rows`.
 *
 * @param noun for one of them
 * @param nouns for any other number, where it is not the noun and an `s`
 */
export const count = (n: number, noun: string, nouns = `${noun}s`): string => `${number(n)} ${n === 1 ? noun : nouns}`
