import { deadLetterReasons } from "../record/dead-letter-reasons.ts"

/** The page that lists why records become dead letters. */
export const deadLettersMarkdown = (): string =>
  `# Dead letters

A record that cannot become a row is not lost and stops nobody: it becomes a row of the table \`dead_letters\`, with its bytes, where it came
from, and why. \`reason\` is one of the codes below; \`path\` names the place in the record, \`offset\` the byte, where there is one. \`detail\` says it in
words and never quotes the record: only \`raw\` holds its bytes, which may be personal data, so give the table its own access.
When the cause is removed (a contract corrected, a limit raised), \`sluice replay\` takes dead letters through today's contract,
with \`--reason\` those of one reason alone.

Of a record in a file that is longer than the limit \`max-record-bytes\`, \`raw\` keeps only the first bytes; \`size\` is then larger than the length of
\`raw\`. \`replay\` cannot bring such records back, and says how many there are. Ingest them again from their source under a higher limit, as new files:
what was read of the old ones is not read again.

A record at the end of a file of which only a part was there is \`truncated\`. Once the file has the rest, the next \`ingest\` reads the whole record; the
dead letter of its first part stays.

| reason | what it means |
| --- | --- |
${Object.entries(deadLetterReasons)
  .map(([reason, meaning]) => `| \`${reason}\` | ${meaning} |`)
  .join("\n")}

A value that does not fit its column does not make a dead letter: the column is null, the value stands in \`_rescued\`, and the record is a row.
Text that is not valid Unicode (half of a surrogate pair, written as an escape) is not an error either: the half becomes U+FFFD.
`
