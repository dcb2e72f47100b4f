"""Reads Delta tables with Spark, and writes what it read as Parquet, for comparison.

Standard input: {"jars": [path], "tables": [{"name", "uri", "out" or null}], "counts": [{"table", "where"}]}.
Standard output: {"tables": {name: {"rows": n, "files": [uri]} or {"error": text}}, "counts": [n or {"error": text}]}.
A table without "out" is not read: only the files that its log names are told.
`counts` run with the filter pushed down, so that files are skipped by their statistics.
"""

import json
import sys

from pyspark.sql import SparkSession

job = json.load(sys.stdin)

spark = (
    SparkSession.builder.master("local[2]")
    .config("spark.jars", ",".join(job["jars"]))
    .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
    .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
    .config("spark.sql.session.timeZone", "UTC")
    .config("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
    .config("spark.sql.parquet.datetimeRebaseModeInWrite", "CORRECTED")
    .config("spark.sql.shuffle.partitions", "2")
    .config("spark.databricks.delta.snapshotPartitions", "2")
    .config("spark.ui.enabled", "false")
    .config("spark.driver.host", "127.0.0.1")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.driver.memory", "2g")
    .getOrCreate()
)
spark.sparkContext.setLogLevel("ERROR")


def failure(error):
    return {"error": str(error).strip().split("\n")[0][:500]}


tables = {}
for table in job["tables"]:
    try:
        frame = spark.read.format("delta").load(table["uri"])
        files = sorted(frame.inputFiles())
        if table["out"] is None:
            tables[table["name"]] = {"rows": None, "files": files}
            continue
        frame.coalesce(1).write.parquet(table["out"])
        # The number of rows is answered from the log's statistics alone.
        tables[table["name"]] = {"rows": frame.count(), "files": files}
    except Exception as error:
        tables[table["name"]] = failure(error)

# Tables were read as Spark does by itself. Hundreds of conditions more: to compile each takes longer than its few rows do.
spark.conf.set("spark.sql.codegen.wholeStage", "false")
spark.conf.set("spark.sql.codegen.factoryMode", "NO_CODEGEN")
uris = {table["name"]: table["uri"] for table in job["tables"]}
frames = {}
counts = []
for count in job["counts"]:
    name = count["table"]
    try:
        if name not in frames:
            frames[name] = spark.read.format("delta").load(uris[name])
        counts.append(frames[name].where(count["where"]).count())
    except Exception as error:
        counts.append(failure(error))

spark.stop()
json.dump({"tables": tables, "counts": counts}, sys.stdout)
