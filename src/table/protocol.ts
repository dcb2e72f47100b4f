import { Malformed } from "../record/malformed.ts"
import type { Metadata, Protocol } from "./actions.ts"
import type { DataType, StructType } from "./schema.ts"

/** What tables this module can read and write. Whatever else a table asks for is refused by name: going on would read or write wrong rows. */

const readable = new Set(["timestampNtz"])
/** Honoured: domains as such; the other two by refusing the tables and actions that they speak of. */
const writable = new Set(["domainMetadata", "appendOnly", "invariants"])

/** Features that a writer version stands for where the table does not list them (PROTOCOL.md, "Requirements for Writers"). */
const impliedByWriter: Readonly<Record<number, string>> = {
  3: "checkConstraints",
  4: "changeDataFeed, generatedColumns",
  5: "columnMapping",
  6: "identityColumns"
}

const refuse = (what: string, hint: string): Malformed => new Malformed("Unsupported", what, hint)

/** Throws `Malformed` naming what is not known, if a table of this protocol cannot be read. Checked again with every protocol in the log. */
export const requireReadable = (protocol: Protocol): void => {
  const { minReaderVersion, readerFeatures = [] } = protocol
  if (minReaderVersion <= 1) return
  const hint = "Read the table with a newer engine, or have it written without the feature."
  if (minReaderVersion === 2) throw refuse("reading it needs the feature columnMapping (reader version 2)", hint)
  if (minReaderVersion > 3) throw refuse(`reading it needs reader version ${minReaderVersion}`, hint)
  const unknown = readerFeatures.filter((feature) => !readable.has(feature))
  if (unknown.length > 0) throw refuse(`reading it needs the feature ${unknown.join(", ")}`, hint)
}

/** What a table asks of those who write to it. */
interface Asked {
  readonly protocol: Protocol
  readonly metaData: Metadata
  readonly schema: StructType
}

/** Throws `Malformed` if this module must not write to the table. @param removes whether rows are removed */
export const requireWritable = (snapshot: Asked, removes: boolean): void => {
  const { minWriterVersion, writerFeatures = [] } = snapshot.protocol
  const hint = "Write to it with the engine that enabled the feature."
  if (minWriterVersion > 7) throw refuse(`writing it needs writer version ${minWriterVersion}`, hint)
  if (minWriterVersion > 2 && minWriterVersion < 7)
    throw refuse(
      `writing it needs the features of writer version ${minWriterVersion} (${impliedByWriter[minWriterVersion] ?? ""} and earlier)`,
      hint
    )
  const unknown = minWriterVersion === 7 ? writerFeatures.filter((feature) => !writable.has(feature)) : []
  if (unknown.length > 0) throw refuse(`writing it needs the feature ${unknown.join(", ")}`, hint)
  for (const field of snapshot.schema.fields) refuseFieldRules(field.type, field.metadata, field.name)
  const { configuration } = snapshot.metaData
  if (removes && configuration["delta.appendOnly"]?.toLowerCase() === "true")
    throw refuse("it is append-only (delta.appendOnly) and this commit removes rows", "Only append to it, or change the property.")
  if ((configuration["delta.columnMapping.mode"] ?? "none") !== "none")
    throw refuse(`it maps columns (delta.columnMapping.mode = ${configuration["delta.columnMapping.mode"]})`, hint)
}

const fieldRules = ["delta.invariants", "delta.generationExpression", "delta.identity.start", "delta.identity.step"]

const refuseFieldRules = (type: DataType, metadata: { readonly [key: string]: unknown }, path: string): void => {
  const rule = fieldRules.find((key) => metadata[key] !== undefined)
  if (rule !== undefined)
    throw refuse(`column ${path} has ${rule}`, "This writer does not check such rules; write with an engine that does.")
  if (typeof type === "string") return
  if (type.type === "struct") for (const field of type.fields) refuseFieldRules(field.type, field.metadata, `${path}.${field.name}`)
  if (type.type === "array") refuseFieldRules(type.elementType, {}, `${path}.element`)
  if (type.type === "map") {
    refuseFieldRules(type.keyType, {}, `${path}.key`)
    refuseFieldRules(type.valueType, {}, `${path}.value`)
  }
}

/** May commits hold `domainMetadata`? */
export const supportsDomains = (protocol: Protocol): boolean =>
  protocol.minWriterVersion === 7 && (protocol.writerFeatures ?? []).includes("domainMetadata")
