/**
 * What a terminal would obey rather than show: control characters but the end of a line, and marks that turn the direction of writing, with which a
 * text can look like another one.
 */
const obeyed = /[^\P{Cc}\n]|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu

/**
 * A text that no terminal obeys, whoever wrote it: what is left out of sight is shown as JSON escapes it, so that JSON stays the JSON it was. Everything
 * that is printed for people goes through here; lines stay lines.
 */
export const harmless = (text: string): string => text.replace(obeyed, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)
