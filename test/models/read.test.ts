import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import type { Models } from "../../src/models/model.ts"
import { readModels } from "../../src/models/read.ts"

const root = mkdtempSync(join(tmpdir(), "models-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

let folders = 0
const read = (files: { readonly [path: string]: string | Uint8Array }) => {
  const folder = join(root, `${folders++}`, "shop")
  mkdirSync(folder, { recursive: true })
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return readModels(folder, { datasets: ["orders", "items"] })
}
const good = (files: { readonly [path: string]: string }): Models => {
  const found = read(files)
  if ("problems" in found) throw new Error(JSON.stringify(found.problems, null, 1))
  return found.models
}
const told = (files: { readonly [path: string]: string | Uint8Array }): ReadonlyArray<string> => {
  const found = read(files)
  return "problems" in found ? found.problems.map(({ file, line, problem, hint }) => `${file}:${line}: ${problem}. ${hint}`) : []
}

const orders = "select * from {{ source('consumable', 'orders') }}\n"
const shop = {
  "dbt_project.yml": `name: shop
version: "1.0.0"
config-version: 2
profile: sluice
vars: { days: 3, shop: { city: lima } }
models:
  +tags: all
  +meta: { owner: nobody, team: a }
  shop:
    marts:
      +materialized: table
      +tags: [marts]
      fct:
        +partition_by: day
`,
  "models/stg.sql": orders,
  "models/marts/dim.sql":
    "{{ config(materialized='history', key='k', effective='t', keep=['a'], replace='b', tags=['x'], meta={'owner': 'us'}) }}\nselect * from {{ ref('stg') }} where city = '{{ var('city') }}'",
  "models/marts/fct.sql":
    "{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key=['k']) }}\nselect * from {{ ref('shop', 'dim') }} join {{ source('stage', 'items') }} using (k)\n{% if is_incremental() %}where k in (select k from {{ source('changes', 'orders') }}){% endif %}",
  "models/marts/all.yml": `version: 2
models:
  - name: dim
    description: People.
    config: { tags: [y], key: other, contract: { enforced: true } }
    data_tests:
      - expression: { arguments: { expression: "a <> 'x'" }, config: { severity: warn } }
    columns:
      - name: k
        data_type: string
        data_tests: [unique, not_null]
      - name: a
        data_type: string
        meta: { sensitive: true }
        tests:
          - accepted_values: { values: [a b, 1.50, true], quote: false, config: { where: "b is not null", warn_if: ">1", error_if: "> 10" } }
          - relationships: { arguments: { to: ref('stg'), field: id } }
          - range: { name: near, min: 0 }
sources:
  - name: consumable
    loaded_at_field: _arrived_at
    freshness: { warn_after: { count: 2, period: hour } }
    tables:
      - name: orders
        freshness: { error_after: { count: 1, period: day } }
      - name: items
exposures:
  - name: page
    type: dashboard
    owner: { email: a@b }
    depends_on: [ref('fct'), "source('lake', 'runs')"]
unit_tests:
  - name: adds
    model: fct
    overrides: { macros: { is_incremental: true }, vars: { days: 1 } }
    given:
      - input: ref('dim')
        rows: [{ k: 1, t: 2024-01-01 }]
      - input: this
        rows: []
    expect: { rows: [{ k: 1 }] }
`,
  "tests/none.sql": "{{ config(severity='warn') }}\nselect * from {{ ref('fct') }} where k is null and now() is not null",
  "tests/generic/range.sql": "{% test range(model) %} {% endtest %}"
}

describe("a folder of models", () => {
  it("is read whole", () => {
    const { models, tests, unitTests, freshness, exposures, vars } = good(shop)
    expect(vars).toEqual({ days: 3, city: "lima" })
    expect(
      models.map(({ name, file, tags, meta, owner, partitionBy, isContractEnforced, inputs, materialization }) => ({
        name,
        file,
        tags,
        meta,
        owner,
        partitionBy,
        isContractEnforced,
        inputs,
        materialization
      }))
    ).toEqual([
      {
        name: "stg",
        file: "models/stg.sql",
        tags: ["all"],
        meta: { owner: "nobody", team: "a" },
        owner: "nobody",
        partitionBy: [],
        isContractEnforced: false,
        inputs: [{ kind: "source", source: "consumable", table: "orders" }],
        materialization: { kind: "view" }
      },
      {
        name: "dim",
        file: "models/marts/dim.sql",
        tags: ["all", "marts", "x", "y"],
        meta: { owner: "us", team: "a" },
        owner: "us",
        partitionBy: [],
        isContractEnforced: true,
        inputs: [{ kind: "model", name: "stg" }],
        materialization: {
          kind: "history",
          history: { key: ["k"], effective: "t", order: [], keep: ["a"], replace: ["b"], inferred: null }
        }
      },
      {
        name: "fct",
        file: "models/marts/fct.sql",
        tags: ["all", "marts"],
        meta: { owner: "nobody", team: "a" },
        owner: "nobody",
        partitionBy: ["day"],
        isContractEnforced: false,
        inputs: [
          { kind: "model", name: "dim" },
          { kind: "source", source: "stage", table: "items" },
          { kind: "source", source: "changes", table: "orders" }
        ],
        materialization: { kind: "incremental", strategy: "delete+insert", uniqueKey: ["k"], onSchemaChange: "ignore", microbatch: null }
      }
    ])
    expect(models[1]?.columns).toEqual([
      { name: "k", description: "", isSensitive: false, dataType: "string" },
      { name: "a", description: "", isSensitive: true, dataType: "string" }
    ])
    expect(models[1]?.description).toBe("People.")
    const plain = { severity: "error", where: null, warnIf: null, errorIf: null, file: "models/marts/all.yml" }
    const ofDim = { ...plain, model: "dim" }
    expect(tests).toMatchObject([
      {
        ...ofDim,
        name: "expression_dim_a_x_",
        column: null,
        check: { kind: "expression", expression: "a <> 'x'" },
        severity: "warn",
        line: 7
      },
      { ...ofDim, name: "unique_dim_k", column: "k", check: { kind: "unique" }, line: 11 },
      { ...ofDim, name: "not_null_dim_k", column: "k", check: { kind: "not_null" }, line: 11 },
      {
        ...ofDim,
        name: "accepted_values_dim_a__False__a_b__1_5__True",
        column: "a",
        check: { kind: "accepted_values", values: ["a b", 1.5, true], quote: false },
        where: "b is not null",
        warnIf: ">1",
        errorIf: "> 10",
        line: 16
      },
      {
        ...ofDim,
        name: "relationships_dim_a__id__ref_stg_",
        check: { kind: "relationships", to: { kind: "model", name: "stg" }, field: "id" },
        line: 17
      },
      { ...ofDim, name: "near", check: { kind: "range", min: 0, max: undefined }, line: 18 },
      { ...plain, name: "none", model: null, column: null, check: { kind: "singular" }, severity: "warn", file: "tests/none.sql", line: 1 }
    ])
    expect(unitTests).toEqual([
      {
        name: "adds",
        model: "fct",
        given: [
          { input: { kind: "model", name: "dim" }, rows: [{ k: 1, t: "2024-01-01" }] },
          { input: "this", rows: [] }
        ],
        expect: [{ k: 1 }],
        isIncremental: true,
        vars: { days: 1 },
        file: "models/marts/all.yml",
        line: 33
      }
    ])
    const fresh = { loadedAt: "_arrived_at", file: "models/marts/all.yml" }
    expect(freshness).toEqual([
      {
        ...fresh,
        input: { kind: "source", source: "consumable", table: "orders" },
        warnAfterMillis: null,
        errorAfterMillis: 86_400_000,
        line: 24
      },
      {
        ...fresh,
        input: { kind: "source", source: "consumable", table: "items" },
        warnAfterMillis: 7_200_000,
        errorAfterMillis: null,
        line: 26
      }
    ])
    expect(exposures).toEqual([
      {
        name: "page",
        type: "dashboard",
        owner: "a@b",
        url: null,
        description: "",
        inputs: [
          { kind: "model", name: "fct" },
          { kind: "source", source: "lake", table: "runs" }
        ]
      }
    ])
  })

  // As `dbt parse` of dbt-core 1.11 has them in its manifest.
  it.each([
    ["accepted_values: { values: [a b, 1.50, true, 2.0], quote: false }", "accepted_values_dim_a__False__a_b__1_5__True__2_0"],
    ["range: { min: 0, max: 2024-01-01 }", "range_dim_a__2024_01_01__0"],
    ["range: { arguments: { min: 2024-01-01 10:00:00, max: -3 } }", "range_dim_a___3__2024_01_01_10_00_00"],
    [
      'accepted_values: { arguments: { values: [a-long-value, another-long-value-of-this-list, "ä"] } }',
      "accepted_values_dim_a__a_long_value__another_long_value_of_this_list___"
    ]
  ])("calls the test %s as dbt does", (test, name) => {
    const { tests } = good({
      "models/dim.sql": orders,
      "models/dim.yml": `models:\n  - name: dim\n    columns:\n      - name: a\n        data_tests:\n          - ${test}\n`
    })
    expect(tests.map((each) => each.name)).toEqual([name])
  })

  it("may have none", () => {
    expect(good({})).toEqual({ models: [], tests: [], unitTests: [], freshness: [], exposures: [], vars: {} })
  })

  it("takes lines as they end on any system", () => {
    expect(good({ "models/a.sql": orders.replaceAll("\n", "\r\n") }).models[0]?.source).toBe(orders)
  })

  it("tells all that is wrong at once", () => {
    expect(
      told({
        "models/b.sql": "select {{ var('x') }} from {{ ref('aa') }};",
        "models/a.sql":
          "{{ config(materialised='table') }}\nselect * from {{ source('consumables', 'orders') }}, {{ source('consumable', 'order') }}",
        "models/a.yml": "models:\n  - name: c\n    descripton: x\nseeds: []"
      })
    ).toEqual(
      [
        "models/a.sql:1: materialised is no setting of a model. Did you mean materialized?",
        "models/a.sql:2: there is no source consumables. Did you mean consumable?",
        "models/a.sql:2: there is no dataset order. Did you mean orders?",
        "models/a.yml:2: there is no model c. Did you mean a?",
        "models/a.yml:3: descripton means nothing in a model. Did you mean description?",
        "models/a.yml:4: seeds means nothing in a properties file. Data comes in by a contract: write a dataset.",
        "models/b.sql:1: the SELECT ends with ;. Take the ; away: dbt puts the SELECT into a statement of its own.",
        "models/b.sql:1: the variable x has no value and no default. Write {{ var('x', default) }}, or vars: { x: … } in dbt_project.yml.",
        "models/b.sql:1: there is no model aa. Did you mean a?"
      ].map((line) => line.replace('Did you mean b?"', ""))
    )
  })

  const yml = (text: string) => ({ "models/m.sql": orders, "models/m.yml": text })
  const config = (text: string) => ({ "models/m.sql": `{{ config(${text}) }}\n${orders}` })
  const project = (text: string) => ({ "models/m.sql": orders, "dbt_project.yml": `name: shop\n${text}` })
  it.each<readonly [string, { readonly [path: string]: string | Uint8Array }, ReadonlyArray<string>]>([
    [
      "snapshots",
      yml("snapshots: []"),
      ["models/m.yml:1: snapshots means nothing in a properties file. Write a model with config(materialized='history')."]
    ],
    [
      "Jinja in YAML",
      yml("models:\n  - name: m\n    description: \"{{ doc('a') }}\""),
      ["models/m.yml:3: there is Jinja in a YAML file. It is read in SQL files alone: write the value itself."]
    ],
    [
      "what YAML 1.1 reads otherwise",
      yml(
        "models:\n  - name: m\n    columns:\n      - name: a\n        data_tests:\n          - accepted_values:\n              values: [yes, 010, 1:30, 1_000, a]"
      ),
      [
        'models/m.yml:7: yes is read as something else by dbt. Put it in quotes: "yes".',
        'models/m.yml:7: 010 is read as something else by dbt. Put it in quotes: "010".',
        'models/m.yml:7: 1:30 is read as something else by dbt. Put it in quotes: "1:30".',
        'models/m.yml:7: 1_000 is read as something else by dbt. Put it in quotes: "1_000".'
      ]
    ],
    ["an alias", yml("models: &a []\nexposures: *a"), ["models/m.yml:2: *a stands for something else. Write it out."]],
    [
      "a key twice",
      yml("models: []\nmodels: []"),
      ["models/m.yml:2: the YAML cannot be read: Map keys must be unique. Mend it there, or just above."]
    ],
    [
      "a list",
      yml("- a"),
      ["models/m.yml:1: a properties file is a list. Give a mapping of version, models, sources, exposures, unit_tests."]
    ],
    ["another version", yml("version: 3"), ["models/m.yml:1: version is not 2. Write version: 2."]],
    [
      "a test that is none",
      yml("models:\n  - name: m\n    columns:\n      - name: a\n        data_tests: [uniqe]"),
      ["models/m.yml:5: there is no test uniqe. Did you mean unique?"]
    ],
    [
      "tests at the wrong place",
      yml(
        "models:\n  - name: m\n    data_tests: [unique]\n    columns:\n      - name: a\n        data_tests:\n          - expression: { expression: a }"
      ),
      [
        "models/m.yml:3: unique is a test of a column. Write it below the column.",
        "models/m.yml:7: expression is a test of a model. Write it below the model."
      ]
    ],
    [
      "arguments",
      yml(
        "models:\n  - name: m\n    columns:\n      - name: a\n        data_tests:\n          - accepted_values\n          - accepted_values: { values: a }\n          - range: {}\n          - relationships: { to: refs('m'), field: a }\n          - unique: { arguments: { x: 1 }, config: { limit: 1, severity: bad } }\n          - not_null: { warn_if: many, where: 'x::int = 1' }"
      ),
      [
        "models/m.yml:6: values of accepted_values is missing. Write accepted_values: { arguments: { values: … } }.",
        "models/m.yml:7: values of accepted_values is no list of values. Write values: ['a', 'b'].",
        "models/m.yml:8: range has no end that is a number, a date or a time. Write range: { arguments: { min: 0 } }.",
        "models/m.yml:9: \"refs('m')\" names no model and no source. Write ref('model') or source('consumable', 'dataset').",
        "models/m.yml:10: x means nothing in arguments of unique. Take it away.",
        "models/m.yml:10: limit means nothing in config of a test. All failing rows are counted; at most five are shown.",
        "models/m.yml:10: severity is bad. Write error or warn.",
        "models/m.yml:11: :: is an error in Spark. Write cast(x as type).",
        'models/m.yml:11: warn_if is "many". Write a condition on the number of failing rows: warn_if: ">10".'
      ]
    ],
    [
      "a test twice",
      yml("models:\n  - name: m\n    columns:\n      - name: a\n        data_tests:\n          - unique\n          - unique"),
      ["models/m.yml:7: two tests are called unique_m_a: models/m.yml:6. Give it a name of its own: name: …."]
    ],
    [
      "a contract",
      yml("models:\n  - name: m\n    config: { contract: { enforced: true } }\n    columns:\n      - name: a"),
      ["models/m.yml:5: data_type of a is missing. An enforced contract says the type of each column: data_type: bigint."]
    ],
    [
      "freshness",
      yml(
        "sources:\n  - name: consumable\n    tables:\n      - name: orders\n        freshness: { warn_after: { count: 1, period: hour } }\n      - name: items\n        loaded_at_field: t\n        freshness: { warn_after: { count: 1, period: week } }"
      ),
      [
        "models/m.yml:5: loaded_at_field is missing, by which the age is known. Write loaded_at_field: the column with the time at which a row came.",
        "models/m.yml:8: warn_after is no count of a period. Write warn_after: { count: 12, period: hour }, or minute or day."
      ]
    ],
    [
      "an exposure",
      yml("exposures:\n  - name: p\n    type: dashbord\n    depends_on: [m]"),
      [
        "models/m.yml:3: type of an exposure is dashbord. Did you mean dashboard?",
        "models/m.yml:4: \"m\" names no model and no source. Write ref('model') or source('consumable', 'dataset')."
      ]
    ],
    [
      "a unit test",
      yml("unit_tests:\n  - name: u\n    model: mm\n    given: [{ input: ref('m'), format: csv, rows: [1] }]"),
      [
        "models/m.yml:2: expect of a unit test is missing. Write expect: { rows: [ … ] }.",
        "models/m.yml:4: rows are written as csv. Write a list of mappings: rows: [{ a: 1 }].",
        "models/m.yml:4: a row is no mapping. Write its columns: - { a: 1 }."
      ]
    ],
    [
      "a kind",
      config("materialized='ephemeral'"),
      ["models/m.sql:1: materialized is 'ephemeral'. Write materialized='view': it is made of no rows either."]
    ],
    [
      "an incremental model without a strategy",
      config("materialized='incremental'"),
      [
        "models/m.sql:1: incremental_strategy of an incremental model is missing. Write incremental_strategy='merge', or one of append, merge, delete+insert, microbatch."
      ]
    ],
    [
      "a merge without key",
      config("materialized='incremental', incremental_strategy='merge', lookback=1"),
      [
        "models/m.sql:1: unique_key of merge is missing. Name the columns that tell rows apart: unique_key=['order_id'].",
        "models/m.sql:1: lookback means nothing to merge. Take it away, or write incremental_strategy='microbatch'."
      ]
    ],
    [
      "a microbatch",
      config("materialized='incremental', incremental_strategy='microbatch', batch_size='week', begin='now', lookback=-1"),
      [
        "models/m.sql:1: batch_size is 'week'. There are hour, day, month, year.",
        "models/m.sql:1: event_time of microbatch is missing. Name the column with the time of a row: event_time='purchased_at'.",
        "models/m.sql:1: begin is 'now'. Write a day or a time in UTC: begin='2024-01-01'.",
        "models/m.sql:1: lookback is no whole number. Write how many batches before the newest are made again: lookback=1."
      ].sort()
    ],
    [
      "a history",
      config("materialized='history', key='a', keep=['a', 'b'], unique_key='x'"),
      [
        "models/m.sql:1: a is in keep and in key. Give it in one of them.",
        "models/m.sql:1: effective of a history is missing. Name the column with the time from which a version holds: effective='changed_at'.",
        "models/m.sql:1: unique_key means nothing to a history. Take it away, or write materialized='incremental'."
      ]
    ],
    [
      "a view",
      config("partition_by='d', alias='x'"),
      [
        "models/m.sql:1: alias is no setting of a model. A table has the name of its model: name the file so.",
        "models/m.sql:1: partition_by means nothing to a view. Write materialized='table'."
      ]
    ],
    [
      "this of a view",
      { "models/m.sql": "select *\nfrom {{ this }}" },
      ["models/m.sql:2: {{ this }} of a view is the view itself. Write {{ config(materialized='incremental', …) }}."]
    ],
    [
      "a circle",
      {
        "models/a.sql": "select 1 as x,\n y from {{ ref('c') }}",
        "models/b.sql": "select * from {{ ref('a') }}",
        "models/c.sql": "select * from {{ ref('b') }}"
      },
      [
        "models/a.sql:2: models read each other in a circle: a → c → b → a. Move what both need into a model that they read. What a model has already is {{ this }}."
      ]
    ],
    [
      "a model of itself",
      { "models/a.sql": "select * from {{ ref('a') }}" },
      [
        "models/a.sql:1: models read each other in a circle: a → a. Move what both need into a model that they read. What a model has already is {{ this }}."
      ]
    ],
    [
      "names",
      { "models/x/m.sql": orders, "models/y/m.sql": orders, "models/Big.sql": orders },
      [
        "models/Big.sql:1: Big is no name of a table. Name the file by lower case letters, digits and _, a letter first.",
        "models/y/m.sql:1: there is a model m already: models/x/m.sql. Give the file another name: models of all folders are one list."
      ]
    ],
    [
      "a source for a model",
      { "models/m.sql": "select * from {{ ref('orders') }}" },
      ["models/m.sql:1: there is no model orders. Write {{ source('consumable', 'orders') }}."]
    ],
    [
      "folders without models",
      project("models:\n  shop:\n    mart: { +materialized: table }\n    materialized: table\n  other: {}"),
      [
        "dbt_project.yml:4: there is no folder and no model mart. Take its settings away.",
        "dbt_project.yml:5: materialized is a setting without +, or no folder. Write +materialized, or its settings below it.",
        "dbt_project.yml:6: models has other, which is not the project shop. Write models: { shop: { … } }, settings with a + before them."
      ]
    ],
    [
      "old keys",
      project("source-paths: [models]\nmodel-paths: [../x]"),
      [
        "dbt_project.yml:2: source-paths means nothing in dbt_project.yml. Write model-paths.",
        'dbt_project.yml:3: model-paths has what is no folder of the project. Write model-paths: ["models"].'
      ]
    ],
    [
      "a singular test",
      {
        "models/m.sql": orders,
        "tests/t.sql": "{{ config(tags='x', severity='bad') }}\nselect * from {{ this }}, {{ source('consumable', 'orders') }}"
      },
      [
        "tests/t.sql:1: tags is no setting of a test, or no text. There are severity, where, warn_if, error_if.",
        "tests/t.sql:2: a test has no table of its own. Write {{ ref('model') }}.",
        "tests/t.sql:1: severity is bad. Write error or warn.",
        "tests/t.sql:1: the test names no model, and would never be run. Write {{ ref('model') }}: a test is run with the model that it looks at."
      ]
    ],
    [
      "bytes",
      { "models/m.sql": new Uint8Array([0xff, 0xfe]), "models/n.sql": `\ufeff${orders}` },
      [
        "models/m.sql:1: the file is not UTF-8. Save it as UTF-8.",
        "models/n.sql:1: the file begins with a byte order mark. Save it as UTF-8 without one."
      ]
    ]
  ])("refuses %s", (_, files, problems) => {
    expect([...told(files)].sort()).toEqual([...problems].sort())
  })

  it("reads every mutated YAML, or refuses it at a line that it has", () => {
    const whole = shop["models/marts/all.yml"]
    let state = 3
    const next = (most: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return Math.floor((state / 2 ** 32) * most)
    }
    for (let i = 0; i < 150; i++) {
      const letters = [...whole]
      for (let n = next(3); n >= 0; n--)
        letters.splice(next(letters.length), next(6), ...[...whole].slice(next(whole.length)).slice(0, next(6)))
      const found = read({ ...shop, "models/marts/all.yml": letters.join("") })
      const lines = letters.join("").split("\n").length
      if ("problems" in found)
        for (const { file, line } of found.problems) if (file.endsWith(".yml")) expect(line >= 1 && line <= lines).toBe(true)
    }
  })
})
