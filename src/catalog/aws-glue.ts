import type { GlueClient, Table } from "@aws-sdk/client-glue"
import { Effect, Schedule, type Scope } from "effect"
import type { CatalogApi, CatalogError } from "./api.ts"
import { asCatalogError } from "./glue-errors.ts"

export interface AwsGlueOptions {
  /** Default: what the SDK finds in environment and configuration. */
  readonly region?: string | undefined
  /** URL of something else than AWS. Without it, the endpoint of the region. */
  readonly endpoint?: string | undefined
}

/** Until a connection stands, until an answer begins, and until it has come whole, in milliseconds. */
const connectMillis = 5_000
const requestMillis = 20_000
const callMillis = 60_000

/** 200 ms, doubled up to 5 s, a fifth more or less; 7 attempts in all, over about 15 s. */
const backOff = Schedule.min([Schedule.exponential("200 millis"), Schedule.spaced("5 seconds")]).pipe(
  Schedule.jittered,
  Schedule.upTo({ times: 6 })
)

/** The Data Catalog by the AWS SDK, which is loaded here and does not try again by itself. Closed with the scope. */
export const awsGlue = (options: AwsGlueOptions): Effect.Effect<CatalogApi, CatalogError, Scope.Scope> =>
  Effect.gen(function* () {
    const [sdk, { NodeHttpHandler }] = yield* Effect.promise(() =>
      Promise.all([import("@aws-sdk/client-glue"), import("@smithy/node-http-handler")])
    )
    const client = yield* Effect.acquireRelease(
      Effect.try({
        try: () =>
          new sdk.GlueClient({
            maxAttempts: 1,
            ...(options.region === undefined ? {} : { region: options.region }),
            ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
            requestHandler: new NodeHttpHandler({
              connectionTimeout: connectMillis,
              requestTimeout: requestMillis,
              throwOnRequestTimeout: true
            })
          }),
        catch: (cause) => asCatalogError("Connect", options.endpoint ?? options.region ?? "the catalog", cause)
      }),
      (made) => Effect.sync(() => made.destroy())
    )

    const call = <A>(
      operation: string,
      of: string,
      send: (client: GlueClient, abort: { readonly abortSignal: AbortSignal }) => Promise<A>
    ): Effect.Effect<A, CatalogError> =>
      Effect.tryPromise({
        try: (abortSignal) => send(client, { abortSignal }),
        catch: (cause) => asCatalogError(operation, of, cause)
      }).pipe(
        Effect.timeoutOrElse({
          duration: callMillis,
          orElse: () => Effect.fail(asCatalogError(operation, of, new Error(`No answer within ${callMillis / 1000} s`)))
        }),
        Effect.retry({ while: ({ reason }) => reason === "Throttled" || reason === "Unavailable", schedule: backOff })
      )

    return {
      tables: (database) =>
        Effect.gen(function* () {
          const tables: Array<Table> = []
          let token: string | undefined
          do {
            const page = yield* call("GetTables", database, (c, abort) =>
              c.send(new sdk.GetTablesCommand({ DatabaseName: database, ...(token === undefined ? {} : { NextToken: token }) }), abort)
            )
            tables.push(...(page.TableList ?? []))
            token = page.NextToken
          } while (token !== undefined && token !== "")
          return tables
        }).pipe(
          // All that can be missing here is the database.
          Effect.catchIf(
            ({ reason }) => reason === "Changed",
            () => Effect.succeed(null)
          )
        ),
      createDatabase: (input) =>
        Effect.asVoid(
          call("CreateDatabase", input.Name ?? "", (c, abort) => c.send(new sdk.CreateDatabaseCommand({ DatabaseInput: input }), abort))
        ),
      createTable: (database, input) =>
        Effect.asVoid(
          call("CreateTable", `${database}.${input.Name}`, (c, abort) =>
            c.send(new sdk.CreateTableCommand({ DatabaseName: database, TableInput: input }), abort)
          )
        ),
      updateTable: (database, input, version) =>
        Effect.asVoid(
          call("UpdateTable", `${database}.${input.Name}`, (c, abort) =>
            c.send(
              new sdk.UpdateTableCommand({
                DatabaseName: database,
                TableInput: input,
                // Its history is that of the table's own log; the version refuses what another sync has overtaken.
                SkipArchive: true,
                ...(version === undefined ? {} : { VersionId: version })
              }),
              abort
            )
          )
        )
    }
  })
