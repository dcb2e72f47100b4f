import { isWithin, type Sensitivity } from "../contract/definition.ts"
import { consumablePath, deadLettersPath, lineageFolder, martPath, runsPath, stagePath } from "../lake/layout.ts"

/**
 * Who may read and write which tables, as documents that AWS takes: grants of Lake Formation, which knows columns, and policies of IAM for objects, which
 * does not. Both are derived from sensitivities, and both allow what they name and nothing else.
 */

/** A table of the lake, as far as rights are about it. */
export interface RoleTable {
  /** Below the root of the lake. */
  readonly path: string
  /** In the catalog. */
  readonly name: string
  readonly sensitivity: Sensitivity
  /** Columns of the first level with sensitive values in them; null: nobody can say which. */
  readonly sensitive: ReadonlyArray<string> | null
  /** Columns that hold what no contract knows. */
  readonly unknown: ReadonlyArray<string>
}

/** What a role is for: an analyst reads, a process reads and writes everything, a steward reads everything, people's data included. */
export const roleKinds = ["analyst", "process", "steward"] as const
export type RoleKind = (typeof roleKinds)[number]

/** Where the lake and its catalog are. */
export interface RolePlace {
  readonly account: string
  readonly region: string
  readonly partition: string
  readonly database: string
  readonly bucket: string
  /** Of the lake, without slashes at its ends. Empty: all of the bucket. */
  readonly prefix: string
  /** Where records lie before they are read, as `bucket/prefix`: the process alone may read there. */
  readonly landed: ReadonlyArray<string>
  /** What an analyst may read at most. */
  readonly upTo: Sensitivity
}

type Json = string | ReadonlyArray<Json> | { readonly [key: string]: Json }

/** The input of `aws lakeformation batch-grant-permissions`. */
export interface GrantInput {
  readonly CatalogId: string
  readonly Entries: ReadonlyArray<{ readonly [key: string]: Json }>
}

/** A policy of IAM. */
export interface PolicyDocument {
  readonly Version: "2012-10-17"
  readonly Statement: ReadonlyArray<{ readonly [key: string]: Json }>
}

export interface RoleDocuments {
  readonly role: RoleKind
  /** Who is granted: the role of IAM. */
  readonly principal: string
  /** Several where there is more than one call takes. */
  readonly lakeFormation: ReadonlyArray<GrantInput>
  readonly policy: PolicyDocument
}

/** Most entries of one call. */
const mostEntries = 20

/** Is a table one for users? Landed records, stages, dead letters and runs are not: analysts read none of them. */
const isForUsers = ({ path }: RoleTable): boolean => path.startsWith(consumablePath("")) || path.startsWith(martPath(""))

/** May an analyst be granted a table, without the columns that are sensitive? */
export const isGranted = (table: RoleTable, upTo: Sensitivity): boolean =>
  isForUsers(table) && isWithin(table.sensitivity, upTo) && (table.sensitive !== null || isWithin("personal", upTo))

/** May an analyst read a table's objects? S3 knows no columns, so one that has sensitive ones is left out as a whole, unless all that is personal may be read. */
export const isReadable = (table: RoleTable, upTo: Sensitivity): boolean =>
  isForUsers(table) && isWithin(table.sensitivity, upTo) && (table.sensitive?.length === 0 || isWithin("personal", upTo))

export const roleName = (project: string, role: RoleKind): string => `${project}-${role}`

/** The documents of a role. @param principal ARN of the role of IAM that they are for */
export const roleDocuments = (role: RoleKind, principal: string, tables: ReadonlyArray<RoleTable>, place: RolePlace): RoleDocuments => ({
  role,
  principal,
  lakeFormation: grants(role, principal, tables, place),
  policy: policyOf(role, tables, place)
})

const grants = (
  role: RoleKind,
  principal: string,
  tables: ReadonlyArray<RoleTable>,
  { account, database, bucket, prefix, partition, upTo }: RolePlace
): ReadonlyArray<GrantInput> => {
  const entry = (id: string, resource: Json, ...permissions: ReadonlyArray<string>): { readonly [key: string]: Json } => ({
    Id: id,
    Principal: { DataLakePrincipalIdentifier: principal },
    Resource: resource,
    Permissions: permissions
  })
  const ofDatabase = (id: string, ...permissions: ReadonlyArray<string>) =>
    entry(id, { Database: { CatalogId: account, Name: database } }, ...permissions)
  const all = (id: string, ...permissions: ReadonlyArray<string>) =>
    entry(id, { Table: { CatalogId: account, DatabaseName: database, TableWildcard: {} } }, ...permissions)
  const entries =
    role === "steward"
      ? [ofDatabase("database", "DESCRIBE"), all("tables", "DESCRIBE", "SELECT")]
      : role === "process"
        ? [
            ofDatabase("database", "CREATE_TABLE", "DESCRIBE"),
            all("tables", "ALTER", "DELETE", "DESCRIBE", "INSERT", "SELECT"),
            entry(
              "location",
              { DataLocation: { CatalogId: account, ResourceArn: `arn:${partition}:s3:::${[bucket, prefix].filter(Boolean).join("/")}` } },
              "DATA_LOCATION_ACCESS"
            )
          ]
        : [
            ofDatabase("database", "DESCRIBE"),
            ...tables
              .filter((table) => isGranted(table, upTo))
              .map((table, i) => {
                const excluded = isWithin("personal", upTo) ? table.unknown : [...(table.sensitive ?? []), ...table.unknown]
                const columns = { CatalogId: account, DatabaseName: database, Name: table.name }
                return entry(
                  `table-${i + 1}`,
                  { TableWithColumns: { ...columns, ColumnWildcard: excluded.length === 0 ? {} : { ExcludedColumnNames: excluded } } },
                  "SELECT"
                )
              })
          ]
  return Array.from({ length: Math.ceil(entries.length / mostEntries) }, (_, i) => ({
    CatalogId: account,
    Entries: entries.slice(i * mostEntries, (i + 1) * mostEntries)
  }))
}

const policyOf = (role: RoleKind, tables: ReadonlyArray<RoleTable>, place: RolePlace): PolicyDocument => {
  const { account, region, partition, database, bucket, prefix, landed, upTo } = place
  const folder = prefix === "" ? "" : `${prefix}/`
  const bucketArn = `arn:${partition}:s3:::${bucket}`
  const objects = (below: string) => `${bucketArn}/${folder}${below}`
  const landedArns = landed.map((each) => `arn:${partition}:s3:::${each}/*`)
  const statement = (sid: string, effect: "Allow" | "Deny", actions: ReadonlyArray<string>, resources: ReadonlyArray<string>) => ({
    Sid: sid,
    Effect: effect,
    Action: actions,
    Resource: resources
  })
  const list = (below: ReadonlyArray<string>) => ({
    ...statement("Lists", "Allow", ["s3:ListBucket"], [bucketArn]),
    Condition: { StringLike: { "s3:prefix": below.map((each) => `${folder}${each}`) } }
  })
  const glue = (sid: string, actions: ReadonlyArray<string>, names: ReadonlyArray<string>) =>
    statement(
      sid,
      "Allow",
      actions,
      ["catalog", `database/${database}`, ...names.map((name) => `table/${database}/${name}`)].map(
        (each) => `arn:${partition}:glue:${region}:${account}:${each}`
      )
    )
  // Without it nobody gets at what Lake Formation grants.
  const access = { Sid: "LakeFormation", Effect: "Allow", Action: ["lakeformation:GetDataAccess"], Resource: "*" } as const
  const reads = ["glue:GetDatabase", "glue:GetTable", "glue:GetTables"]
  const document = (...statements: PolicyDocument["Statement"]): PolicyDocument => ({ Version: "2012-10-17", Statement: statements })
  switch (role) {
    case "process":
      return document(
        statement("Objects", "Allow", ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"], [objects("*")]),
        statement("Bucket", "Allow", ["s3:ListBucketMultipartUploads"], [bucketArn]),
        list(["*"]),
        ...(landedArns.length === 0 ? [] : [statement("Landed", "Allow", ["s3:GetObject"], landedArns)]),
        glue("Catalog", [...reads, "glue:CreateTable", "glue:UpdateTable"], ["*"]),
        access
      )
    case "steward":
      return document(statement("Objects", "Allow", ["s3:GetObject"], [objects("*")]), list(["*"]), glue("Catalog", reads, ["*"]), access)
    case "analyst": {
      const readable = tables.filter((table) => isReadable(table, upTo))
      const granted = tables.filter((table) => isGranted(table, upTo))
      // Of tables that are not for users there are few folders, and a policy may not be long.
      const closed = tables.filter((table) => isForUsers(table) && !isReadable(table, upTo)).map(({ path }) => `${path}/*`)
      return document(
        ...(readable.length === 0
          ? []
          : [
              statement(
                "Tables",
                "Allow",
                ["s3:GetObject"],
                readable.map(({ path }) => objects(`${path}/*`))
              ),
              list(readable.map(({ path }) => `${path}/*`))
            ]),
        glue(
          "Catalog",
          reads,
          granted.map(({ name }) => name)
        ),
        access,
        // Said here too, so that no other policy of the role lets them be read, and of tables to come none is forgotten.
        statement(
          "DenyWhatIsNotForAnalysts",
          "Deny",
          ["s3:GetObject", "s3:GetObjectVersion"],
          [...[stagePath(""), deadLettersPath, runsPath, lineageFolder].map((path) => `${path.replace(/\/$/, "")}/*`), ...closed]
            .map(objects)
            .concat(landedArns)
        )
      )
    }
  }
}
