/** So many texts, and none longer: whoever invents them fills a few megabytes at most. */
const mostTexts = 5_000
const longestText = 512

/** What is asked of few texts over and over. Forgotten at once when there are many: who sends a new one each time pays for each. */
export const remembered = <A>(make: (text: string) => A): ((text: string) => A) => {
  const known = new Map<string, A>()
  return (text) => {
    const found = known.get(text)
    if (found !== undefined) return found
    const made = make(text)
    if (text.length > longestText) return made
    if (known.size >= mostTexts) known.clear()
    // A text of its own: a part of another would keep all of that in memory.
    known.set(Buffer.from(text).toString(), made)
    return made
  }
}
