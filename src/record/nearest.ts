/** The word that was most likely meant, of those that there are: at most a third of its letters differ. Null where none is near. */
export const nearest = (word: string, words: Iterable<string>): string | null => {
  let best: string | null = null
  let least = Number.POSITIVE_INFINITY
  for (const candidate of words) {
    const [a, b] = [word.toLowerCase(), candidate.toLowerCase()]
    const near = distance(a, b)
    if (near <= Math.max(1, Math.floor(Math.max(a.length, b.length) / 3)) && near < least) {
      best = candidate
      least = near
    }
  }
  return best
}

/** The sentence ` Did you mean hash?`, or nothing. */
export const didYouMean = (word: string, words: Iterable<string>): string => {
  const found = nearest(word, words)
  return found === null ? "" : ` Did you mean ${found}?`
}

/** The sentence `Did you mean hash?`, or else what there is to say where no word is near: if nothing else, which words there are. */
export const nearestOr = (
  word: string,
  words: ReadonlyArray<string>,
  otherwise = words.length === 0 ? "There is none." : `There are ${words.join(", ")}.`
): string => didYouMean(word, words).trim() || otherwise

/** Letters to put in, take out or change to make one text of the other. */
const distance = (a: string, b: string): number => {
  let before = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (before[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(change, (before[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
    before = row
  }
  return before[b.length] ?? 0
}
