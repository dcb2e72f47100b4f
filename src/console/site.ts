import { createHash } from "node:crypto"
import { type Dirent, readdirSync, readFileSync } from "node:fs"
import { extname, join, relative, sep } from "node:path"
import { fileURLToPath } from "node:url"

/** A file of the console's pages, as it is sent. */
export interface SiteFile {
  readonly type: string
  readonly bytes: Uint8Array
  readonly etag: string
  /** Its name tells its content, so that it never changes. */
  readonly isImmutable: boolean
}

const types: { readonly [extension: string]: string } = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8"
}

/** Where the built pages lie. */
const folder = fileURLToPath(new URL("./web/", import.meta.url))

const noPages = "<!doctype html><html lang=en><title>Sluice</title><p>The console's pages are not built here; its data is at /api/status."

/**
 * The files of the pages by their addresses, read once: what a request names is looked up among them and never opened, so that no path leads out of
 * the folder.
 */
export const readSite = (root: string = folder): ReadonlyMap<string, SiteFile> => {
  const files = new Map<string, SiteFile>()
  for (const entry of entriesOf(root)) {
    const path = join(entry.parentPath, entry.name)
    const type = types[extname(entry.name)]
    if (!entry.isFile() || type === undefined) continue
    files.set(
      `/${relative(root, path).split(sep).join("/")}`,
      fileOf(type, readFileSync(path), /[-.][A-Za-z0-9_-]{8,}\.\w+$/.test(entry.name))
    )
  }
  const index = files.get("/index.html") ?? fileOf("text/html; charset=utf-8", Buffer.from(noPages), false)
  files.set("/", index)
  return files
}

const entriesOf = (root: string): ReadonlyArray<Dirent> => {
  try {
    return readdirSync(root, { recursive: true, withFileTypes: true })
  } catch {
    return []
  }
}

const fileOf = (type: string, bytes: Uint8Array, isImmutable: boolean): SiteFile => ({
  type,
  bytes,
  etag: `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`,
  isImmutable
})
