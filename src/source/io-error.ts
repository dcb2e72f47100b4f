import { SourceError } from "../record/source-error.ts"

const codeOf = (cause: unknown): string =>
  typeof cause === "object" && cause !== null && "code" in cause && typeof cause.code === "string" ? cause.code : ""

/** What an error of the file system means. Errors of any other kind are defects and are thrown on. */
export const ioError = (source: string, location: string, cause: unknown): SourceError => {
  if (cause instanceof SourceError) return cause
  const code = codeOf(cause)
  const fields = { source, location, cause }
  switch (code) {
    case "":
      throw cause
    case "ENOENT":
    case "ENOTDIR":
      return new SourceError({ ...fields, reason: "NotFound", detail: "There is no such file or folder", hint: "Check the path." })
    case "EACCES":
    case "EPERM":
      return new SourceError({ ...fields, reason: "Denied", detail: "Not allowed to read", hint: "Give this user permission to read it." })
    case "ELOOP":
      return new SourceError({ ...fields, reason: "Invalid", detail: "Symbolic links lead in a circle", hint: "Remove the link." })
    default:
      return new SourceError({
        ...fields,
        reason: "Unavailable",
        detail: `Reading failed (${code})`,
        hint: "Check the disk or the network file system, then run again: reading goes on where it stopped."
      })
  }
}
