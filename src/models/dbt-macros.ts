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

/** The macros of a project's folder for dbt, by file name. */
export const dbtMacros: { readonly [file: string]: string } = {
  "generate_schema_name.sql": generateSchemaName,
  "range.sql": rangeTest,
  "expression.sql": expressionTest
}
