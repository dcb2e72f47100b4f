import { describe, expect, it } from "vitest"
import { type Names, render, variables } from "../../src/models/render.ts"
import { parseText } from "../../src/models/text.ts"

const read = (source: string) => parseText(source, "models/m.sql", "shop")
const told = (source: string) => read(source).problems.map(({ line, problem, hint }) => `${line}: ${problem}. ${hint}`)

const naming = (isIncremental = false): Names => ({
  ref: (model) => `<${model}>`,
  source: (source, table) => `<${source}.${table}>`,
  var: variables({ days: 3 }),
  this: "<this>",
  isIncremental
})
const sql = (source: string, isIncremental = false): string => {
  const { pieces, problems } = read(source)
  expect(problems).toEqual([])
  return render(pieces, naming(isIncremental))
}

describe("the text of a model", () => {
  // What Jinja2 3.1 makes of each, with the same names.
  it.each([
    ["select * from {{ ref('a') }}", "select * from <a>"],
    ['{{ref("a")}}', "<a>"],
    ["{{ ref('shop', 'a') }}", "<a>"],
    ["{{ ref('a',) }}", "<a>"],
    ["{{ source('consumable', \"orders\") }}", "<consumable.orders>"],
    ["-- depends_on: {{ ref('a') }}", "-- depends_on: <a>"],
    ["a  {{- ref('a') -}}  b", "a<a>b"],
    ["a \n\t{{- ref('a') }}  b", "a<a>  b"],
    ["a {#- no {{ ref('b') }} -#} b", "ab"],
    ["a {#-#} b", "a b"],
    ["a {# x #} b", "a  b"],
    ["a {{+ ref('a') }} b", "a <a> b"],
    ["{{ var('days') }} {{ var('x', 'a}}b') }} {{ var('y', default=-2) }} {{ var('z', true) }}", "3 a}}b -2 True"],
    ["{{ var('x', 'it\\'s \\\\d\\n') }}", "it's \\d\n"],
    ["a {% if is_incremental() %} b {% endif %} c", "a  c"],
    ["a {%- if is_incremental() -%} b {%- else -%} d {%- endif -%} c", "adc"],
    ["a {%+ if is_incremental() +%}b{% else %}d{% endif %} c", "a d c"],
    ["{{ config(materialized='table', meta={'a': {'b': [1, none,]},}) }}\nselect 1", "\nselect 1"],
    ["{{ this }}}}", "<this>}}"],
    ["a } }} %} #} { b", "a } }} %} #} { b"],
    ["{# {% if %} #}x", "x"]
  ])("%j", (source, expected) => {
    expect(sql(source)).toBe(expected)
  })

  it("takes the branch that is asked for", () => {
    const source = "{% if is_incremental() %}a{% if is_incremental() %}b{% else %}c{% endif %}{% else %}d{% endif %}"
    expect([sql(source, true), sql(source, false)]).toEqual(["ab", "d"])
  })

  it("reads settings with their lines", () => {
    const { config } = read("\n{{ config(\n  materialized='incremental',\n  unique_key=['a', 'b'], lookback=2) }}")
    expect([...config].map(([key, { value, line }]) => [key, value, line])).toEqual([
      ["materialized", "incremental", 3],
      ["unique_key", ["a", "b"], 4],
      ["lookback", 2, 4]
    ])
  })

  it("masks tags, each letter of the rest at its place", () => {
    const source = "a {{ ref('b') }} {#\nx #} {{ config(a=1) }} '{{ var('x',\n'') }}'"
    const { masked } = read(source)
    expect(masked).toBe(`a ${"_".repeat(14)}   \n     ${" ".repeat(17)} '${"_".repeat(11)}\n      '`)
    expect(masked.length).toBe(source.length)
  })

  const ifHint = "Write {% if is_incremental() %} … {% else %} … {% endif %}."
  const allowed =
    "Of Jinja there are {{ ref('model') }}, {{ source('consumable', 'dataset') }}, {{ var('name', default) }}, {{ this }}, {{ config(…) }}, {% if is_incremental() %} … {% else %} … {% endif %} and {# … #}."
  const values = "Values are texts, numbers, true, false, none, [ … ] and { 'key': … }."
  it.each([
    ["a\n{{ reff('a') }}", ["2: {{ reff }} is not read here. Did you mean ref?"]],
    ["{{ run_query('x') }}", [`1: {{ run_query }} is not read here. ${allowed}`]],
    ["{{ 'a' }}", [`1: {{ '…' }} is not read here. ${allowed}`]],
    ["{{ }}", [`1: {{ }} is empty. ${allowed}`]],
    ["{{ ref('a') | upper }}", [`1: nothing may follow ref(…). ${allowed}`]],
    ["{{ this.schema }}", [`1: nothing may follow this. ${allowed}`]],
    ["{{ this() }}", [`1: this is no function. ${allowed}`]],
    ["{{ ref }}", [`1: ref is a function. ${allowed}`]],
    ["{{ ref('a', v=1) }}", ["1: ref(…) is not given the name of a model. Write {{ ref('model') }}. A model has no versions."]],
    ["{{ ref('other', 'a') }}", ["1: ref(…) names the package other, and there is no project but shop. Write {{ ref('a') }}."]],
    ["{{ source('a') }}", ["1: source(…) is not given two texts. Write {{ source('consumable', 'dataset') }}."]],
    ["{{ var(x) }}", [`1: there is x where a value is expected. ${values}`]],
    ["{{ var() }}", ["1: var(…) is not given a name and at most a default. Write {{ var('name', 'default') }}."]],
    ["{{ var('x', 1.0) }}", ["1: 1.0 would not come out as it is written. Write '1.0', as text."]],
    [
      "{{ var('x', 12345678901234567890) }}",
      ["1: 12345678901234567890 would not come out as it is written. Write '12345678901234567890', as text."]
    ],
    ["{{ var('x', 1_0) }}", ["1: a number cannot be read here. Numbers are written as 10, -10 or 0.5, texts in quotes."]],
    ["{{ config('a') }}", ["1: config(…) is not given names and values. Write {{ config(materialized='table') }}."]],
    ["{{ config(a=1, a=2) }}", ["1: a is given twice. Give it once."]],
    ["{{ config(a=1, 2) }}", ["1: a value without a name follows one with a name. Write it first, or give its name."]],
    ["{{ config(a={'b': 1, 'b': 2}) }}", ["1: the key 'b' stands twice. Give it once."]],
    ["{{ config(a={b: 1}) }}", [`1: there is b where a key in quotes is expected. ${values}`]],
    ["{{ config(a=('b',)) }}", [`1: there is ( where a value is expected. ${values}`]],
    ["a {{ ref('a') ", ["1: the tag {{ has no end. Close it with }}."]],
    ["{{ config(a='b' 'c') }}", [`1: there is a text where a comma or ) is expected. ${values}`]],
    ["{{ config(a=1 }}", ["1: } closes nothing that is open. Close what is open, then the tag with }}."]],
    ["{{ config(a=1) }}{{ config(b=1) }}", ["1: config(…) stands twice. Write all settings into the first."]],
    ["{% if is_incremental() %}{{ config(a=1) }}{% endif %}", ["1: config(…) stands in a branch. Write it at the top."]],
    ["{% set x = 1 %}", [`1: {% set %} is not read here. ${allowed}`]],
    ["{% for x in y %}\n{% endfor %}", [`1: {% for %} is not read here. ${allowed}`, `2: {% endfor %} is not read here. ${allowed}`]],
    ["{% if not is_incremental() %}{% endif %}", [`1: {% if %} asks for something else than is_incremental(). ${ifHint}`]],
    ["\n{% if is_incremental() %}", [`2: {% if %} has no {% endif %}. ${ifHint}`]],
    ["{% endif %}", [`1: {% endif %} belongs to no {% if %}. ${ifHint}`]],
    ["{% if is_incremental() %}{% else %}{% else %}{% endif %}", [`1: {% else %} stands twice in one {% if %}. ${ifHint}`]],
    ["{# a", ["1: the comment {# has no end. Close it with #}."]],
    ["a {{ ref('a", ["1: the text that begins with ' has no end. Close it with '."]],
    ["{{ ref('\\d') }}", ["1: \\d means nothing in a text. Write \\\\ for a backslash."]],
    ["{{ ref('a')) }}", ["1: ) closes nothing that is open. Close what is open, then the tag with }}."]],
    ["{{ ref(ä§) }}", ['1: "§" cannot be read here. Numbers are written as 10, -10 or 0.5, texts in quotes.']],
    [
      "{% if is_incremental() %}{{ ref('a') }}{% endif %}",
      [
        "1: ref('a') stands in {% if is_incremental() %} alone, where dbt does not see it before it builds. Add a line above the SELECT: -- depends_on: {{ ref('a') }}"
      ]
    ],
    [
      "{{ x() }}\n{{ ref(1) }}",
      [
        `1: {{ x }} is not read here. ${allowed}`,
        "2: ref(…) is not given the name of a model. Write {{ ref('model') }}. A model has no versions."
      ]
    ]
  ])("refuses %j", (source, problems) => {
    expect(told(source)).toEqual(problems)
  })

  /** Numbers from a seed, below `most`. */
  const random = (seed: number) => {
    let state = seed
    return (most: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return Math.floor((state / 2 ** 32) * most)
    }
  }

  it("leaves a text without Jinja as it is", () => {
    const next = random(7)
    const parts = ["select", " ", "\n", "{", "}", "%", "#", "'", '"', "-- x", "é", "\\", "-", "}}", "%}", "#}", "\u{1f600}"]
    for (let i = 0; i < 2000; i++) {
      const text = Array.from({ length: next(40) }, () => parts[next(parts.length)]).join("")
      if (/\{[{%#]/.test(text)) continue
      const { pieces, masked, problems } = read(text)
      expect([render(pieces, naming()), masked, problems]).toEqual([text, text, []])
    }
  })

  it("reads every mutated template, or refuses it at a line that it has", () => {
    const whole = `{{ config(materialized='incremental', unique_key=["a"], meta={'x': [1, -2.5, none]}) }}
-- {# no #} {{ ref('a') }}
select {{ var("x", 'a}}') }} from {{- source('consumable', 'orders') -}}
{% if is_incremental() %} where k in (select k from {{ this }}) {%- else -%} where true {% endif %}
`
    const next = random(11)
    for (let i = 0; i < 5000; i++) {
      const letters = [...whole]
      for (let n = next(4); n >= 0; n--) {
        const at = next(letters.length)
        letters.splice(at, next(4), ...[...whole].slice(next(whole.length)).slice(0, next(5)))
      }
      const text = letters.join("")
      const { pieces, masked, problems } = read(text)
      expect(masked.length).toBe(text.length)
      for (const { line } of problems) expect(line >= 1 && line <= text.split("\n").length).toBe(true)
      if (problems.length === 0) render(pieces, naming())
    }
  })
})
