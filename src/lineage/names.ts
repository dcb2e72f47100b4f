/** How OpenLineage names a dataset. Byte-identical names are what joins the graph, so every name of Sluice's is made here. */
export interface DatasetName {
  readonly namespace: string
  readonly name: string
}

/** What stands at a location: decides the `datasetType` facet of a source. */
export type LocationKind = "file" | "stream" | "table"

const trimSlashes = (path: string): string => path.replace(/^\/+|\/+$/g, "")

/** File URIs may come percent-encoded or plain; text that is no valid encoding is taken as it is. */
const decoded = (path: string): string => {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/**
 * Name of what lies at a location (OpenLineage "Naming", the Kinesis row by analogy with its Glue row):
 *
 * | location | namespace | name |
 * |---|---|---|
 * | `file:///lake/stage/orders`, `/lake/stage/orders` | `file` | `/lake/stage/orders` |
 * | `s3://bucket/stage/orders/` (also `s3a:`) | `s3://bucket` | `stage/orders` |
 * | `arn:aws:kinesis:region:account:stream/orders` | `arn:aws:kinesis:region:account` | `stream/orders` |
 * | anything else with an authority, `https://host/path` | `https://host` | `path` |
 *
 * Query strings, fragments and user names are left out: they may hold credentials.
 */
export const datasetName = (location: string): DatasetName => {
  const arn = /^(arn:[^:]*:[^:]*:[^:]*:[^:]*):(.+)$/.exec(location)
  if (arn?.[1] !== undefined && arn[2] !== undefined) return { namespace: arn[1], name: arn[2] }
  const uri = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(?:[^/@]*@)?([^/?#]*)([^?#]*)/.exec(location)
  if (uri === null) return { namespace: "file", name: withoutTrailingSlash(location) }
  const scheme = (uri[1] ?? "").toLowerCase()
  const authority = uri[2] ?? ""
  const path = uri[3] ?? ""
  if (scheme === "file") {
    // A path may hold `?` and `#`: in a file URI of ours they are either encoded or meant.
    const whole = location.slice(location.indexOf("://") + 3 + authority.length)
    return {
      namespace: authority === "" || authority === "localhost" ? "file" : `file://${authority}`,
      name: withoutTrailingSlash(decoded(whole))
    }
  }
  if (scheme === "s3" || scheme === "s3a" || scheme === "s3n") return { namespace: `s3://${authority}`, name: trimSlashes(path) || "/" }
  return { namespace: `${scheme}://${authority}`, name: trimSlashes(path) || "/" }
}

const withoutTrailingSlash = (path: string): string => path.replace(/(?<=.)\/+$/, "")

/** What a source's location is, where it is not a table. */
export const locationKind = (name: DatasetName): Exclude<LocationKind, "table"> =>
  /^(arn:[^:]*:kinesis:|kafka:|firehose:)/.test(name.namespace) ? "stream" : "file"

/** A dataset's location as a valid URI (RFC 3986), for the `dataSource` facet. */
export const datasetUri = ({ namespace, name }: DatasetName): string => {
  if (namespace.startsWith("arn:")) return `${namespace}:${name}`
  const path = encodeURI(name).replace(/[?#[\]]/g, encodeURIComponent)
  if (namespace === "file") return name.startsWith("/") ? `file://${path}` : `file:${path}`
  return `${namespace}/${path.replace(/^\//, "")}`
}
