import { awsErrorParts, classifyAws } from "../record/aws-errors.ts"
import { hintOfClient, hintOfDenied } from "../record/aws-hints.ts"
import { CatalogError, type CatalogReason } from "./api.ts"

/** By the name that Glue gives to the error. What is not here is common to the services of AWS. */
const byName: { readonly [name: string]: CatalogReason } = {
  AlreadyExistsException: "Changed",
  ConcurrentModificationException: "Changed",
  VersionMismatchException: "Changed",
  EntityNotFoundException: "Changed",
  OperationTimeoutException: "Unavailable",
  InternalServiceException: "Unavailable",
  // A table that another service is just registering.
  ResourceNotReadyException: "Unavailable",
  GlueEncryptionException: "Denied",
  PermissionTypeMismatchException: "Denied",
  InvalidInputException: "Invalid",
  ResourceNumberLimitExceededException: "Invalid"
}

const hints: Record<CatalogReason, string> = {
  Changed: "Somebody else changes it at the same time: run sluice catalog sync again.",
  Throttled: "Glue asks for fewer calls: run sluice catalog sync again, a little later.",
  Unavailable: "Check the region, the endpoint and the route to Glue (VPC endpoint, proxy, firewall), and run sluice catalog sync again.",
  Denied:
    "Allow glue:GetTables, glue:CreateDatabase, glue:CreateTable and glue:UpdateTable on the catalog, the database and its tables (docs/catalog.md).",
  Invalid: "Check the name of the database, the region and the endpoint."
}

const encryption =
  "The catalog is encrypted: allow kms:Decrypt and kms:GenerateDataKey on its key, in the key's policy if it lies in another account."
const limit = "A quota of the account is used up: raise it (Service Quotas, AWS Glue), or drop what nobody needs."

const hintOf = (name: string, reason: CatalogReason, said: string): string => {
  if (name === "GlueEncryptionException") return encryption
  if (name === "ResourceNumberLimitExceededException") return limit
  return hintOfClient(said) ?? (reason === "Denied" ? hintOfDenied(said) : null) ?? hints[reason]
}

const reasonOf = (cause: unknown, name: string): CatalogReason => {
  const own = Object.hasOwn(byName, name) ? byName[name] : undefined
  if (own !== undefined) return own
  const common = classifyAws(cause, false)
  // What Glue itself does not find has a name of its own.
  return common === "NotFound" ? "Invalid" : common
}

/** What a failed call of the SDK means. */
export const asCatalogError = (operation: string, of: string, cause: unknown): CatalogError => {
  const { name, message } = awsErrorParts(cause)
  const said = message.replace(/\s*\.\s*$/, "")
  const reason = reasonOf(cause, name)
  return new CatalogError({ operation, of, reason, detail: said === "" ? name : said, hint: hintOf(name, reason, said) })
}
