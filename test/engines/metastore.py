"""Puts tables into a Hive metastore as Glue would hold them, or reads them from there with Spark, by their names alone.

Argument: "register" or "read"; two processes, since what registers breaks the class loader that Delta needs.
Standard input: {"jars": [path], "folder": of the metastore, "database", "location", "tables": [TableInput of Glue]}.
Standard output of "read": {name: {"rows": n, "columns": [name], "partitions": [name]}}.
"""

import json
import re
import sys

from pyspark.sql import SparkSession

job = json.load(sys.stdin)
folder = job["folder"]
database = job["database"]
spark = (
    SparkSession.builder.master("local[2]")
    .config("spark.jars", ",".join(job["jars"]))
    .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
    .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
    .config("spark.sql.warehouse.dir", folder + "/warehouse")
    .config("spark.hadoop.javax.jdo.option.ConnectionURL", "jdbc:derby:;databaseName=" + folder + "/metastore;create=true")
    .config("spark.databricks.delta.snapshotPartitions", "2")
    .config("spark.ui.enabled", "false")
    .config("spark.driver.host", "127.0.0.1")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.driver.memory", "1g")
    .enableHiveSupport()
    .getOrCreate()
)
spark.sparkContext.setLogLevel("ERROR")


def text(value):
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def quoted(type):
    """In a statement, names inside of a type may be reserved words; in the metastore they are none."""
    return re.sub(r"([<,])(\w+):", r"\1`\2`:", type)


def columns(given):
    return ", ".join(f"`{c['Name']}` {quoted(c['Type'])} COMMENT {text(c['Comment'])}" for c in given)


def properties(given):
    return ", ".join(f"{text(name)} = {text(value)}" for name, value in given.items())


def statement(table):
    storage = table["StorageDescriptor"]
    serde = storage["SerdeInfo"]
    partitioned = f" PARTITIONED BY ({columns(table['PartitionKeys'])})" if table["PartitionKeys"] else ""
    return (
        f"CREATE EXTERNAL TABLE `{database}`.`{table['Name']}` ({columns(storage['Columns'])}){partitioned}"
        f" ROW FORMAT SERDE {text(serde['SerializationLibrary'])} WITH SERDEPROPERTIES ({properties(serde['Parameters'])})"
        f" STORED AS INPUTFORMAT {text(storage['InputFormat'])} OUTPUTFORMAT {text(storage['OutputFormat'])}"
        f" LOCATION {text(storage['Location'])} TBLPROPERTIES ({properties(table['Parameters'])})"
    )


def register():
    hive = spark._jsparkSession.sharedState().externalCatalog().unwrapped().client()
    # Spark's own statements would write its own form of the tables; those of Hive are for tests, it says.
    spark._jvm.java.lang.System.setProperty("spark.testing", "true")
    hive.runSqlHive(f"CREATE DATABASE `{database}` LOCATION {text(job['location'])}")
    for table in job["tables"]:
        hive.runSqlHive(statement(table))


def read():
    found = {}
    for table in job["tables"]:
        name = f"{database}.{table['Name']}"
        frame = spark.table(name)
        partitions = [column.name for column in spark.catalog.listColumns(name) if column.isPartition]
        found[table["Name"]] = {"rows": frame.count(), "columns": frame.columns, "partitions": partitions}
    print(json.dumps(found))


register() if sys.argv[1] == "register" else read()
