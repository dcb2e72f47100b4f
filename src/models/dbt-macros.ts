import { historySql } from "./history-sql.ts"
import type { Model } from "./model.ts"

/**
 * What dbt has to be told so that it means the same as a build here: Jinja, for dbt alone. A project's own models have none of it.
 */

/** A custom schema is a model's schema as it is written, not one behind that of the profile. */
const generateSchemaName = `{% macro generate_schema_name(custom_schema_name, node) -%}
  {{ target.schema if custom_schema_name is none else custom_schema_name | trim }}
{%- endmacro %}
`

/** See `failingRows` in `test-sql.ts`: an end belongs to the range, and a null does not fail. */
const rangeTest = `{% test range(model, column_name, min=none, max=none) %}
  select * from {{ model }}
  where not (true
    {%- if min is not none %} and {{ column_name }} >= {{ min if min is number else "'" ~ min ~ "'" }}{% endif %}
    {%- if max is not none %} and {{ column_name }} <= {{ max if max is number else "'" ~ max ~ "'" }}{% endif %})
{% endtest %}
`

/** Of a column or of the whole row: the column only says where the test is listed. */
const expressionTest = `{% test expression(model, expression, column_name=none) %}
  select * from {{ model }}
  where not ({{ expression }})
{% endtest %}
`

/**
 * A history is the adapter's own table of another SELECT: that of `history-sql.ts`, as text, so that no second version of it can say otherwise. All of the table is
 * made, since `is_incremental()` is true of no materialization but dbt's own.
 */
const historyMaterialization = `{% materialization history, default %}
  {% set rows = context['history_' ~ model.name]('(' ~ sql ~ ')') %}
  {% do context.update({'sql': rows, 'compiled_code': rows}) %}
  {{ return(context.get('materialization_table_' ~ adapter.type(), materialization_table_default)()) }}
{% endmaterialization %}
`

/** The SELECT of a model's rows, of a relation with its versions. */
const historyMacro = ({ name, materialization }: Model): string =>
  materialization.kind === "history"
    ? `
{% macro history_${name}(versions) %}
${historySql(materialization.history, "{{ versions }}", true)}
{% endmacro %}
`
    : ""

/** The macros of a project's folder for dbt, by file name. */
export const dbtMacros = (models: ReadonlyArray<Model>): { readonly [file: string]: string } => ({
  "generate_schema_name.sql": generateSchemaName,
  "range.sql": rangeTest,
  "expression.sql": expressionTest,
  "history.sql": historyMaterialization + models.map(historyMacro).join("")
})
