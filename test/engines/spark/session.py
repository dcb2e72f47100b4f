"""Carries out the plans of folds in one session of Spark, one after the other, as driver.py does each in its own: the start of a session takes most of the time.

Standard input: one JSON object a line, {"driver": path, "plan": uri} or {"statements": [SQL]}. Standard output: an answer a line, {"error": text or null}.
Arguments: Spark's jars.
"""

import json
import os
import sys
import traceback

from pyspark.sql import SparkSession

# What Spark itself says is no answer: VACUUM tells how many files it took.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

builder = SparkSession.builder.master("local[2]")
for key, value in {
    "spark.jars": ",".join(sys.argv[1:]),
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
    "spark.hadoop.fs.AbstractFileSystem.file.impl": "org.apache.hadoop.fs.local.RawLocalFs",
    "spark.sql.shuffle.partitions": "2",
    # Small tables need no fifty tasks to read a log, and no ten thousand to list a folder, as VACUUM has them by itself.
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "2",
    # Compiling takes longer than a few rows do.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "2g",
}.items():
    builder = builder.config(key, value)
spark = builder.getOrCreate()
spark.sparkContext.setLogLevel("ERROR")
# Has none of the settings that a plan or this session makes: somebody else writes files as Spark does by itself, with their checksums beside them.
other = spark.newSession()
for key, value in {
    "fs.file.impl": "org.apache.hadoop.fs.LocalFileSystem",
    "fs.file.impl.disable.cache": "true",
    "fs.AbstractFileSystem.file.impl": "org.apache.hadoop.fs.local.LocalFs",
}.items():
    other.conf.set(key, value)

for line in sys.stdin:
    job = json.loads(line)
    try:
        for statement in job.get("statements", []):
            other.sql(statement).collect()
        if "driver" in job:
            scope = {"__name__": "driver"}
            with open(job["driver"]) as file:
                exec(compile(file.read(), job["driver"], "exec"), scope)
            scope["main"](spark, job["plan"])
        error = None
    except Exception:
        error = traceback.format_exc()
    answers.write(json.dumps({"error": error}) + "\n")
    answers.flush()
