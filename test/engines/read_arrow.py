"""Reads Delta tables with three readers that know nothing of each other, and writes what each read as Parquet, for comparison.

delta-rs finds the files of a table; they are read by pyarrow (C++), by DataFusion (arrow-rs) and by polars.
Standard input: {"tables": [{"name", "uri", "out"}], "counts": [{"table", "where", "column", "operator", "type", "value"}]}; `out` is a folder.
Standard output: {reader: {"tables": {name: {"rows": n} or {"error": text}}, "counts": [n or {"error": text}]}}.
"""

import datetime
import decimal
import json
import operator as operators
import os
import sys

import polars
import pyarrow
import pyarrow.compute
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


def value_of(count):
    """The value of a condition, as pyarrow and polars take it."""
    text, kind = count["value"], count["type"]
    if kind == "string":
        return text
    if kind == "double":
        return float(text)
    if kind == "boolean":
        return text == "true"
    if kind == "date":
        return datetime.date(1970, 1, 1) + datetime.timedelta(days=int(text))
    if kind == "timestamp":
        return datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(microseconds=int(text))
    if kind.startswith("decimal"):
        scale = int(kind[:-1].split(",")[1])
        return decimal.Decimal(int(text)).scaleb(-scale)
    return int(text)


def compared(field, count, literal):
    """A condition on a column, of pyarrow or of polars: `is_null` and the operators are the same in both."""
    operator = count["operator"]
    if operator == "IS NULL":
        return field.is_null()
    if operator == "IS NOT NULL":
        return ~field.is_null()
    compare = {"=": "eq", "<=": "le", ">=": "ge", "<": "lt", ">": "gt"}[operator]
    return getattr(operators, compare)(field, literal(value_of(count)))


def by_datafusion(count):
    where = count["where"].replace("timestamp_micros(", "to_timestamp_micros(")
    return datafusion(uris[count["table"]], f"SELECT count(*) AS n FROM t WHERE {where}")["n"][0].as_py()


def by_pyarrow(count):
    dataset = datasets[count["table"]]
    kind = dataset.schema.field(count["column"]).type
    return dataset.to_table(columns=[], filter=compared(pyarrow.compute.field(count["column"]), count, lambda value: pyarrow.scalar(value, kind))).num_rows


def by_polars(count):
    frame = polars.scan_delta(uris[count["table"]])
    return frame.filter(compared(polars.col(count["column"]), count, polars.lit)).select(polars.len()).collect().item()


decimal.getcontext().prec = 60
datasets = {name: DeltaTable(uri).to_pyarrow_dataset() for name, uri in uris.items() if any(count["table"] == name for count in job["counts"])}
for reader, count_rows in {"datafusion": by_datafusion, "pyarrow": by_pyarrow, "polars": by_polars}.items():
    result[reader]["counts"] = [attempt(lambda: count_rows(count)) for count in job["counts"]]
json.dump(result, sys.stdout)
