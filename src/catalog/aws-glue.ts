import type { GlueClient } from "@aws-sdk/client-glue"
import { Effect, type Scope } from "effect"
import { type Abort, allPages, openCaller, type ServicePlace } from "../record/aws-call.ts"
import type { CatalogApi, CatalogError } from "./api.ts"
import { asCatalogError, glueErrors } from "./glue-errors.ts"

/** The Data Catalog by the AWS SDK, which is loaded here. Closed with the scope. */
export const awsGlue = (place: ServicePlace): Effect.Effect<CatalogApi, CatalogError, Scope.Scope> =>
  Effect.gen(function* () {
    const sdk = yield* Effect.promise(() => import("./glue-sdk.ts"))
    const glue = yield* Effect.mapError(
      openCaller(place, async (config) => new sdk.GlueClient(config), glueErrors),
      (error) => asCatalogError(error, place.endpoint ?? place.region ?? "the catalog")
    )
    const call = <A>(
      operation: string,
      of: string,
      send: (client: GlueClient, abort: Abort) => Promise<A>
    ): Effect.Effect<A, CatalogError> => Effect.mapError(glue.call(operation, send), (error) => asCatalogError(error, of))

    return {
      tables: (database) =>
        allPages((token) =>
          Effect.map(
            call("GetTables", database, (c, abort) =>
              c.send(new sdk.GetTablesCommand({ DatabaseName: database, ...(token === undefined ? {} : { NextToken: token }) }), abort)
            ),
            ({ TableList = [], NextToken }) => ({ items: TableList, next: NextToken })
          )
        ).pipe(
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
