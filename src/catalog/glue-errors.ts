import type { CallFailed } from "../record/aws-call.ts"
import type { AwsReason } from "../record/aws-errors.ts"
import { hintOfClient, hintOfDenied } from "../record/aws-hints.ts"
import { CatalogError, type CatalogReason } from "./api.ts"

/** What Glue has beside the common errors of AWS, by name. */
export const glueErrors: { readonly [name: string]: AwsReason } = {
  OperationTimeoutException: "Unavailable",
  InternalServiceException: "Unavailable",
  // A table that another service is just registering.
  ResourceNotReadyException: "Unavailable",
  GlueEncryptionException: "Denied",
  PermissionTypeMismatchException: "Denied"
}

/** Somebody else was faster: names of the error. */
const changed = new Set([
  "AlreadyExistsException",
  "ConcurrentModificationException",
  "VersionMismatchException",
  "EntityNotFoundException"
])

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

/** What a failed call means. What Glue itself does not find has a name of its own: anything else is not where the settings say. */
export const asCatalogError = ({ operation, name, detail, reason: common }: CallFailed, of: string): CatalogError => {
  const reason = changed.has(name) ? "Changed" : common === "NotFound" ? "Invalid" : common
  return new CatalogError({ operation, of, reason, detail, hint: hintOf(name, reason, detail) })
}
