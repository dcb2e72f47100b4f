/** One sample of the text format, version 0.0.4, that Prometheus scrapes. */
export interface Sample {
  readonly name: string
  readonly labels: { readonly [name: string]: string }
  readonly value: number
}

export interface Family {
  readonly type: string
  readonly help: string | undefined
  readonly samples: ReadonlyArray<Sample>
}

const name = "[a-zA-Z_:][a-zA-Z0-9_:]*"
const sample = new RegExp(`^(${name})(?:\\{(.*)\\})? (\\S+)$`)
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/y

const labelsOf = (text: string): Sample["labels"] => {
  const labels: { [name: string]: string } = {}
  label.lastIndex = 0
  while (label.lastIndex < text.length) {
    const match = label.exec(text)
    if (match === null) throw new Error(`labels cannot be read: ${text}`)
    const [, key = "", value = ""] = match
    if (Object.hasOwn(labels, key)) throw new Error(`label ${key} twice: ${text}`)
    labels[key] = value.replace(/\\(.)/g, (_, c: string) => (c === "n" ? "\n" : c))
  }
  return labels
}

/** Reads an exposition as the format's description says, and throws where it is not one. */
export const readExposition = (text: string): ReadonlyMap<string, Family> => {
  if (!text.endsWith("\n")) throw new Error("the last line has no end")
  const families = new Map<string, { type: string; help: string | undefined; samples: Array<Sample> }>()
  const seen = new Set<string>()
  let help: [string, string] | undefined
  let current = ""
  for (const line of text.slice(0, -1).split("\n")) {
    const comment = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line)
    if (comment !== null) {
      const [, kind, of = "", rest = ""] = comment
      if (kind === "HELP") help = [of, rest]
      else {
        if (families.has(of)) throw new Error(`the lines of ${of} do not stand together`)
        if (!/^(counter|gauge|histogram|summary|untyped)$/.test(rest)) throw new Error(`no type: ${line}`)
        families.set(of, { type: rest, help: help?.[0] === of ? help[1] : undefined, samples: [] })
        current = of
      }
      continue
    }
    const match = sample.exec(line)
    if (match === null) throw new Error(`no sample: ${line}`)
    const [, id = "", inside = "", number = ""] = match
    const family = families.get(current)
    const part = id.slice(current.length)
    if (family === undefined || !id.startsWith(current)) throw new Error(`a sample without its type: ${line}`)
    if (!(family.type === "histogram" ? ["_bucket", "_sum", "_count"] : [""]).includes(part))
      throw new Error(`no part of ${current}: ${line}`)
    const value = number === "+Inf" ? Number.POSITIVE_INFINITY : number === "-Inf" ? Number.NEGATIVE_INFINITY : Number(number)
    if (Number.isNaN(value) && number !== "NaN") throw new Error(`no number: ${line}`)
    const labels = labelsOf(inside)
    const key = `${id}${JSON.stringify(Object.entries(labels).sort())}`
    if (seen.has(key)) throw new Error(`twice: ${line}`)
    seen.add(key)
    family.samples.push({ name: id, labels, value })
  }
  for (const [family, { type, samples }] of families) if (type === "histogram") checkBuckets(family, samples)
  return families
}

/** Buckets are cumulative, ascending, and the last is all. */
const checkBuckets = (family: string, samples: ReadonlyArray<Sample>): void => {
  let last = Number.NEGATIVE_INFINITY
  let count = 0
  for (const { name, labels, value } of samples) {
    if (name.endsWith("_bucket")) {
      const bound = labels["le"] === "+Inf" ? Number.POSITIVE_INFINITY : Number(labels["le"])
      if (!(bound > last) || value < count) throw new Error(`the buckets of ${family} do not ascend`)
      last = bound
      count = value
    } else if (name.endsWith("_count")) {
      if (last !== Number.POSITIVE_INFINITY || value !== count) throw new Error(`the last bucket of ${family} is not its count`)
      last = Number.NEGATIVE_INFINITY
      count = 0
    }
  }
}
