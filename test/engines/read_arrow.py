"""Reads Delta tables with three readers that know nothing of each other, and writes what each read as Parquet, for comparison.

delta-rs finds the files of a table; they are read by pyarrow (C++), by DataFusion (arrow-rs) and by polars.
Standard input: {"tables": [{"name", "uri", "out"}], "counts": [{"table", "where"}]}; `out` is a folder.
Standard output: {reader: {"tables": {name: {"rows": n} or {"error": text}}, "counts": [n or {"error": text}]}}.
"""

import json
import os
import sys

import polars
import pyarrow
import pyarrow.parquet
from deltalake import DeltaTable, QueryBuilder

job = json.load(sys.stdin)


def plain(kind):
    """The type without views, which pyarrow does not write within lists."""
    if pyarrow.types.is_string_view(kind):
        return pyarrow.string()
    if pyarrow.types.is_binary_view(kind):
        return pyarrow.binary()
    if pyarrow.types.is_struct(kind):
        return pyarrow.struct([field.with_type(plain(field.type)) for field in kind])
    if pyarrow.types.is_list(kind):
        return pyarrow.list_(kind.value_field.with_type(plain(kind.value_type)))
    return kind


def datafusion(uri, sql):
    rows = pyarrow.table(QueryBuilder().register("t", DeltaTable(uri)).execute(sql))
    return rows.cast(pyarrow.schema([field.with_type(plain(field.type)) for field in rows.schema]))


readers = {
    "pyarrow": lambda uri: DeltaTable(uri).to_pyarrow_table(),
    "datafusion": lambda uri: datafusion(uri, "SELECT * FROM t"),
    "polars": lambda uri: polars.read_delta(uri).to_arrow(compat_level=polars.CompatLevel.oldest()),
}


def attempt(work):
    try:
        return work()
    except BaseException as error:  # a panic in Rust is not an Exception
        if isinstance(error, KeyboardInterrupt):
            raise
        return {"error": str(error).strip().split("\n")[0][:500]}


def export(read, table, reader):
    rows = read(table["uri"])
    os.makedirs(table["out"], exist_ok=True)
    pyarrow.parquet.write_table(rows, os.path.join(table["out"], f"{reader}.parquet"), store_schema=False)
    return {"rows": rows.num_rows}


result = {}
for reader, read in readers.items():
    tables = {table["name"]: attempt(lambda: export(read, table, reader)) for table in job["tables"]}
    result[reader] = {"tables": tables, "counts": []}

uris = {table["name"]: table["uri"] for table in job["tables"]}


def count_rows(count):
    where = count["where"].replace("timestamp_micros(", "to_timestamp_micros(")
    return datafusion(uris[count["table"]], f"SELECT count(*) AS n FROM t WHERE {where}")["n"][0].as_py()


result["datafusion"]["counts"] = [attempt(lambda: count_rows(count)) for count in job["counts"]]
json.dump(result, sys.stdout)
