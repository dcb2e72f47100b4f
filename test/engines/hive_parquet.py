"""Writes JSON lines as Parquet with Hive's SerDe, which Firehose writes with: times of 96 bits, lists of `bag` and `array_element`, SNAPPY.

Standard input: {"folder": for what Spark keeps, "tables": [{"lines": path, "columns": [column of Glue], "target": path of the file}]}.
"""

import glob
import json
import os
import re
import sys

from pyspark.sql import SparkSession

job = json.load(sys.stdin)
folder = job["folder"]
spark = (
    SparkSession.builder.master("local[1]")
    .config("spark.sql.hive.convertMetastoreParquet", "false")
    .config("spark.sql.session.timeZone", "UTC")
    .config("spark.driver.extraJavaOptions", "-Duser.timezone=UTC")
    .config("spark.sql.shuffle.partitions", "1")
    .config("spark.sql.warehouse.dir", folder + "/warehouse")
    .config("spark.hadoop.javax.jdo.option.ConnectionURL", "jdbc:derby:;databaseName=" + folder + "/hive;create=true")
    .config("spark.ui.enabled", "false")
    .config("spark.driver.host", "127.0.0.1")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.driver.memory", "1g")
    .enableHiveSupport()
    .getOrCreate()
)
spark.sparkContext.setLogLevel("ERROR")

for number, table in enumerate(job["tables"]):
    quoted = [(c["Name"], re.sub(r"([<,])(\w+):", r"\1`\2`:", c["Type"])) for c in table["columns"]]
    columns = ", ".join(f"`{name}` {type}" for name, type in quoted)
    location = f"{folder}/table-{number}"
    spark.sql(
        f"CREATE EXTERNAL TABLE t{number} ({columns}) STORED AS PARQUET LOCATION '{location}' TBLPROPERTIES ('parquet.compression'='SNAPPY')"
    )
    spark.read.schema(columns).option("mode", "FAILFAST").json(table["lines"]).coalesce(1).createOrReplaceTempView("given")
    spark.sql(f"INSERT INTO t{number} SELECT {', '.join(f'`{name}`' for name, _ in quoted)} FROM given")
    [written] = [path for path in glob.glob(f"{location}/*") if not os.path.basename(path).startswith((".", "_"))]
    os.makedirs(os.path.dirname(table["target"]), exist_ok=True)
    os.replace(written, table["target"])
