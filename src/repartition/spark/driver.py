"""Carries out the plan of a fold with Spark: reads the tables that it names, runs its SQL, writes files, and leaves a result object beside the plan.

    spark-submit driver.py PLAN

What the fold is stands in the plan, which Sluice makes; what becomes of the files is Sluice's to commit. Nothing of the lake is listed, and no table of it
is written: each attempt writes into a folder of its own, so that two of one plan do each other no harm.
"""

import json
import sys
import uuid

from pyspark.sql import SparkSession


def main(spark, uri):
    jvm = spark.sparkContext._jvm
    hadoop = spark.sparkContext._jsc.hadoopConfiguration()

    def read(uri):
        path = jvm.org.apache.hadoop.fs.Path(uri)
        stream = path.getFileSystem(hadoop).open(path)
        try:
            return jvm.org.apache.commons.io.IOUtils.toString(stream, "UTF-8")
        finally:
            stream.close()

    def put(uri, text):
        """The object appears whole or not at all. One that is there stays: it is of another attempt, and as good."""
        path, unfinished = [jvm.org.apache.hadoop.fs.Path(each) for each in (uri, f"{uri}.{uuid.uuid4().hex}")]
        files = path.getFileSystem(hadoop)
        if files.exists(path):
            return
        stream = files.create(unfinished, True)
        stream.write(bytearray(text, "utf-8"))
        stream.close()
        if not files.rename(unfinished, path):
            files.delete(unfinished, False)

    plan = json.loads(read(uri))
    for name, value in plan["settings"].items():
        spark.conf.set(name, value)
    for name, place in plan["tables"].items():
        spark.read.format("delta").load(place).createOrReplaceTempView(name)

    # What a step finds is little: it is a view for the steps that follow, its first column is a list in their SQL, and all of it is part of the result.
    found, lists = {}, {}

    def sql(text):
        for name, items in lists.items():
            text = text.replace("{{" + name + "}}", items)
        return spark.sql(text)

    for step in plan["steps"]:
        frame = sql(step["sql"]).persist()
        rows = frame.collect()
        frame.createOrReplaceTempView(step["name"])
        found[step["name"]] = [list(row) for row in rows]
        items = [f"'{row[0]}'" if isinstance(row[0], str) else str(row[0]) for row in rows]
        lists[step["name"]] = ", ".join(items or [step["none"]])

    folders = {}
    for name, output in plan["outputs"].items():
        if output["when"] is not None and not found[output["when"]]:
            continue
        folder = output["folder"] + uuid.uuid4().hex[:12]
        writer = sql(output["sql"]).write.format("delta").partitionBy(*output["partitions"])
        for option, value in output["options"].items():
            writer = writer.option(option, value)
        writer.save(output["root"] + folder)
        folders[name] = folder
    spark.catalog.clearCache()
    put(plan["result"], json.dumps({"found": found, "folders": folders}))


if __name__ == "__main__":
    session = SparkSession.builder.getOrCreate()
    # For each file that is written Spark notes the schema: of wide tables a log would have hundreds of megabytes. Who wants that can say so.
    if session.conf.get("spark.log.level", None) is None:
        session.sparkContext.setLogLevel("WARN")
    main(session, sys.argv[1])
    session.stop()
