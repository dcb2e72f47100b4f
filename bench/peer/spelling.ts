/**
 * How the raw orders spell a field. Sluice matches keys whatever their case; a peer must be told.
 * @param path of camelCase keys, without the brackets of lists
 */
export const spelled = (path: ReadonlyArray<string>): string => {
  const key = path.at(-1) ?? ""
  if (path[0] === "cancellationData" && path.length > 1) return capital(key)
  return path.join(".") === "marketingData.utmiPage" ? "utmipage" : key
}

/** Outer keys of stringified orders. */
export const capital = (key: string): string => key.charAt(0).toUpperCase() + key.slice(1)
