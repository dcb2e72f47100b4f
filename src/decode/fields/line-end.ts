/** A record that is a line may come with the end of that line: a line feed, a carriage return, or both. Where it ends without it. */

export const textEnd = (text: string): number => {
  const end = text.endsWith("\n") ? text.length - 1 : text.length
  return text[end - 1] === "\r" ? end - 1 : end
}

/** The same of bytes that end before `end`. */
export const bytesEnd = (bytes: Uint8Array, end: number): number => {
  const feed = bytes[end - 1] === 10 ? end - 1 : end
  return bytes[feed - 1] === 13 ? feed - 1 : feed
}
