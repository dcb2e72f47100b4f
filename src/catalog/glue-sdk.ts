/** The calls of the Data Catalog that are made. A bundle has these, and nothing else of the SDK: a new one is named here. */
export { CreateDatabaseCommand, CreateTableCommand, GetTablesCommand, GlueClient, UpdateTableCommand } from "@aws-sdk/client-glue"
