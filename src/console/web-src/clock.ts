/** What time it is, in milliseconds since 1970: the browser's clock, which starts with the page and goes on from there. */
export const now = (): number => performance.timeOrigin + performance.now()
