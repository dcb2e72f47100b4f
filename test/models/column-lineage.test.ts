import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { afterAll, beforeAll } from "vitest"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { type ColumnLineage, columnLineage } from "../../src/models/column-lineage.ts"
import type { Input } from "../../src/models/model.ts"
import { relationName } from "../../src/models/relations.ts"
import type { LineageInput, SelectLineage } from "../../src/record/column-lineage.ts"
import { model } from "./made.ts"
import { olistLineage } from "./olist-lineage.ts"
import { olistModels } from "./olist-marts.ts"

const scope = Scope.makeUnsafe()
let opened: ColumnLineage | undefined
beforeAll(async () => {
  const db = await Effect.runPromise(Effect.provideService(openDuckDB(), Scope.Scope, scope))
  await Effect.runPromise(db.run("CREATE MACRO mine(x) AS x + 1"))
  opened = await Effect.runPromise(columnLineage(db))
})
afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

const relations = new Map([
  ["t", ["k", "a", "b", "s", "l"]],
  ["u", ["k", "c"]],
  ["v", ["c", "d"]],
  ["Orders", ["Id", "Total"]]
])

const letters: { readonly [kind in LineageInput["kind"]]: string } = {
  IDENTITY: "=",
  TRANSFORMATION: "~",
  AGGREGATION: "+",
  JOIN: "join",
  GROUP_BY: "group",
  FILTER: "filter",
  SORT: "sort",
  WINDOW: "window",
  CONDITIONAL: "if"
}
const text = (inputs: ReadonlyArray<LineageInput> | null): string =>
  inputs === null
    ? "?"
    : inputs
        .map(({ relation, column, kind }) => `${letters[kind]} ${relation}.${column}`)
        .sort()
        .join(", ")

/** Each column as `name: kind relation.column`, then what is of all. */
const told = ({ columns, whole }: SelectLineage): ReadonlyArray<string> => [
  ...(columns === null ? ["?"] : columns.map(({ output, inputs }) => `${output}: ${text(inputs)}`)),
  ...(whole?.length === 0 ? [] : [`all: ${text(whole)}`])
]

/** SELECTs, and what is told of them: `=` identity, `~` transformation, `+` aggregation; `?` where nothing is decided. */
const cases: ReadonlyArray<readonly [construct: string, select: string, ...expected: ReadonlyArray<string>]> = [
  [
    "columns and aliases",
    "select a, t.b as x, t.* from t",
    "a: = t.a",
    "x: = t.b",
    "k: = t.k",
    "a_1: = t.a",
    "b: = t.b",
    "s: = t.s",
    "l: = t.l"
  ],
  ["names in any case", "select ID, orders.total from orders", "Id: = Orders.Id", "Total: = Orders.Total"],
  ["a star", "select * from u", "k: = u.k", "c: = u.c"],
  [
    "a star with exceptions",
    "select * exclude (s, l) replace (a + b as a) rename (b as q) from t",
    "k: = t.k",
    "a: ~ t.a, ~ t.b",
    "q: = t.b"
  ],
  [
    "a star after exclusions of one table of several",
    "select t.* exclude (s, l, k) from t join u using (k)",
    "a: = t.a",
    "b: = t.b",
    "all: join t.k, join u.k"
  ],
  ["constants", "select 1 as one, current_date as today, 'x' || 'y' as z", "one: ", "today: ", "z: "],
  [
    "casts and functions",
    "select cast(a as text) as x, lower(b) as y, a + b as z, try_cast(a as date) as d from t",
    "x: ~ t.a",
    "y: ~ t.b",
    "z: ~ t.a, ~ t.b",
    "d: ~ t.a"
  ],
  [
    "what DuckDB calls an expression",
    "select a + 1, count(*), b::text from t group by all",
    "(a + 1): ~ t.a",
    "count_star(): ",
    "CAST(b AS VARCHAR): ~ t.b",
    "all: group t.a, group t.b"
  ],
  ["CASE", "select case when a > 1 then b when s is null then k else 0 end as x from t", "x: if t.a, if t.s, ~ t.b, ~ t.k"],
  [
    "IN, BETWEEN, IS NULL, AND",
    "select a in (1, b) as x, a between b and k as y, a is null and not b > 1 as z from t",
    "x: ~ t.a, ~ t.b",
    "y: ~ t.a, ~ t.b, ~ t.k",
    "z: ~ t.a, ~ t.b"
  ],
  [
    "fields of structs",
    "select s.x, t.s.y.z, (s).w, s['v'] as v, {'p': s.x, 'q': b}.p as p from t",
    "x: = t.s.x",
    "z: = t.s.y.z",
    "(s).w: = t.s.w",
    "v: ~ t.s",
    "p: ~ t.b, ~ t.s.x"
  ],
  ["fields through subqueries", "select q.s.x, q.n.y from (select s, {'y': a} as n from t) as q", "x: = t.s.x", "y: ~ t.a"],
  ["a field, where a table and a column are called alike", "select s.x from t as s", "x: = t.s.x"],
  ["a table's row", "select u from u", "u: ~ u.c, ~ u.k"],
  ["WHERE", "select a from t where b > 1 and k = 2", "a: = t.a", "all: filter t.b, filter t.k"],
  [
    "WHERE by an alias, and by a column that is called so",
    "select a as x, k as b from t where x > 1 and b > 2",
    "x: = t.a",
    "b: = t.k",
    "all: filter t.a, filter t.b"
  ],
  ["aliases used beside", "select a as x, x + b as y, y * 2 as z from t", "x: = t.a", "y: ~ t.a, ~ t.b", "z: ~ t.a, ~ t.b"],
  ["an alias that is a column too", "select a as b, b + 1 as c from t", "b: = t.a", "c: ~ t.b"],
  [
    "joins with ON",
    "select t.a, u.c from t left join u on t.k = u.k and u.c > 1",
    "a: = t.a",
    "c: = u.c",
    "all: join t.k, join u.c, join u.k"
  ],
  [
    "joins with USING",
    "select k, t.k as k1, u.k as k2 from t left join u using (k)",
    "k: = t.k",
    "k1: = t.k",
    "k2: = u.k",
    "all: join t.k, join u.k"
  ],
  ["a right join with USING", "select k from t right join u using (k)", "k: = u.k", "all: join t.k, join u.k"],
  ["a full join with USING", "select * from u full join v using (c)", "k: = u.k", "c: ~ u.c, ~ v.c", "d: = v.d", "all: join u.c, join v.c"],
  ["natural joins", "select * from u natural join v", "k: = u.k", "c: = u.c", "d: = v.d", "all: join u.c, join v.c"],
  ["semi joins", "select * from u semi join v on u.c = v.c and v.d > 1", "k: = u.k", "c: = u.c", "all: join u.c, join v.c, join v.d"],
  ["cross joins", "select k, d from u, v", "k: = u.k", "d: = v.d"],
  [
    "lateral subqueries",
    "select u.k, q.x from u, (select d + u.k as x from v where v.c = u.c) as q",
    "k: = u.k",
    "x: ~ u.k, ~ v.d",
    "all: filter u.c, filter v.c"
  ],
  ["subqueries", "select x + 1 as y from (select a as x from t where b > 1) as q", "y: ~ t.a", "all: filter t.b"],
  ["columns that are renamed behind a table", "select x, y from (select a, b from t) as q(x, y)", "x: = t.a", "y: = t.b"],
  ["values", "select x, y from (values (1, 2)) as w(x, y)", "x: ", "y: "],
  ["WITH", "with p as (select a as x from t), q(y) as (select x + 1 from p) select y from q", "y: ~ t.a"],
  ["WITH that shadows a table", "with t as (select b as a from t where k > 1) select a from t", "a: = t.b", "all: filter t.k"],
  [
    "WITH that shadows another",
    "with p as (select a as x from t) select * from (with p as (select c as x from u) select x from p) as q, p",
    "x: = u.c",
    "x_1: = t.a"
  ],
  ["WITH that is not used", "with p as (select a from t where b > 1) select c from u", "c: = u.c"],
  [
    "GROUP BY",
    "select a, sum(b) as s, count(*) as n, count(distinct k) as d from t group by a",
    "a: = t.a",
    "s: + t.b",
    "n: ",
    "d: + t.k",
    "all: group t.a"
  ],
  ["GROUP BY places, aliases and ALL", "select a + 1 as x, max(b) as m from t group by 1", "x: ~ t.a", "m: + t.b", "all: group t.a"],
  ["GROUP BY an alias", "select a + 1 as x, max(b) as m from t group by x", "x: ~ t.a", "m: + t.b", "all: group t.a"],
  ["GROUP BY ALL", "select a, k as x, max(b) as m from t group by all", "a: = t.a", "x: = t.k", "m: + t.b", "all: group t.a, group t.k"],
  ["ROLLUP", "select a, b, count(*) as n from t group by rollup (a, b)", "a: = t.a", "b: = t.b", "n: ", "all: group t.a, group t.b"],
  ["HAVING", "select a from t group by a having sum(b) > 1", "a: = t.a", "all: filter t.b, group t.a"],
  ["HAVING by a name that may be two columns", "select -a as a, b from t group by all having a > 0", "a: ~ t.a", "b: = t.b", "all: ?"],
  ["a sum stays one", "select cast(coalesce(x, 0) as text) as y from (select sum(a) as x from t) as q", "y: + t.a"],
  [
    "FILTER and ORDER BY of aggregates",
    "select sum(a) filter (where b > 1) as x, array_agg(a order by k) as y from t",
    "x: + t.a, filter t.b",
    "y: + t.a, sort t.k"
  ],
  ["quantiles", "select percentile_cont(0.5) within group (order by a) as x from t", "x: + t.a"],
  [
    "window functions",
    "select sum(a) over (partition by b order by k) as x, row_number() over (order by a) as y, lag(a, 1, b) over (order by k) as z from t",
    "x: + t.a, window t.b, window t.k",
    "y: window t.a",
    "z: window t.k, ~ t.a, ~ t.b"
  ],
  ["named windows", "select rank() over w as x from t window w as (partition by b order by a)", "x: window t.a, window t.b"],
  [
    "the first row of each",
    "select k from (select k, row_number() over (partition by a order by b) as n from t) as q where n = 1",
    "k: = t.k",
    "all: filter t.a, filter t.b"
  ],
  ["QUALIFY", "select k from t qualify row_number() over (partition by a order by b) = 1", "k: = t.k", "all: filter t.a, filter t.b"],
  ["DISTINCT", "select distinct a, b + 1 as x from t", "a: = t.a", "x: ~ t.b", "all: group t.a, group t.b"],
  ["DISTINCT ON", "select distinct on (a) b from t order by k", "b: = t.b", "all: group t.a, sort t.k"],
  ["ORDER BY and LIMIT", "select a from t order by b limit 3", "a: = t.a", "all: sort t.b"],
  ["ORDER BY an alias, not the column that is called so", "select a as b, k from t order by b", "b: = t.a", "k: = t.k", "all: sort t.a"],
  ["ORDER BY an expression of the column", "select a as b, k from t order by b + 1", "b: = t.a", "k: = t.k", "all: sort t.b"],
  ["ORDER BY places and ALL", "select a, b from t order by 2", "a: = t.a", "b: = t.b", "all: sort t.b"],
  ["ORDER BY ALL", "select a, b from t order by all", "a: = t.a", "b: = t.b", "all: sort t.a, sort t.b"],
  ["UNION ALL", "select a as x from t union all select c + 1 from u where k > 1", "x: = t.a, ~ u.c", "all: filter u.k"],
  ["UNION", "select a as x from t union select c from u order by x", "x: = t.a, = u.c", "all: group t.a, group u.c, sort t.a, sort u.c"],
  ["UNION BY NAME", "select a, b from t union all by name select c as b, k from u", "a: = t.a", "b: = t.b, = u.c", "k: = u.k"],
  ["EXCEPT", "select a from t except all select c from u", "a: = t.a", "all: filter t.a, filter u.c"],
  ["scalar subqueries", "select a, (select max(c) from u) as m from t", "a: = t.a", "m: + u.c"],
  ["correlated subqueries", "select (select max(c) from u where u.k = t.k) as m from t", "m: + u.c, filter t.k, filter u.k"],
  [
    "correlated names without a table",
    "select (select max(c + a) from u where d = b) as m from t, v",
    "m: + t.a, + u.c, filter t.b, filter v.d"
  ],
  ["IN of a subquery", "select a from t where k in (select k from u where c > 1)", "a: = t.a", "all: filter t.k, filter u.c, filter u.k"],
  ["EXISTS", "select exists (select 1 from u where u.k = t.k) as x from t", "x: filter t.k, filter u.k"],
  ["ARRAY of a subquery", "select array(select c from u where k > 1) as x", "x: + u.c, filter u.k, if u.c"],
  ["lambdas", "select list_transform(l, lambda x: x + a) as x, list_filter(l, b -> b > 1) as y from t", "x: ~ t.a, ~ t.l", "y: ~ t.l"],
  ["arrows into JSON", "select a -> 'x' as x, a ->> b as y from t", "x: ~ t.a", "y: ~ t.a, ~ t.b"],
  ["comments and blanks", "-- which\nselect a /* a */ from t -- all", "a: = t.a"],

  ["a table that is not known", "select x, t.a from t, other", "x: ?", "a: = t.a", "all: ?"],
  ["all columns of a table that is not known", "select *, 1 as one from other", "?", "all: ?"],
  ["a column that is not known", "select zzz, rowid, a from t", "zzz: ?", "rowid: ?", "a: = t.a"],
  ["a column that may be another table's", "select (select k from other limit 1) as x, a from t", "x: ?", "a: = t.a"],
  ["functions that are not DuckDB's", "select mine(a) as x, nobodys(a) as y, b from t", "x: ?", "y: ?", "b: = t.b"],
  ["WHERE that is not understood", "select a from t where nobodys(b)", "a: = t.a", "all: ?"],
  ["rows that are made of lists", "select a, unnest(l) as x from t", "?", "all: ?"],
  ["lists in FROM", "select t.a, x from t, unnest(t.l) as q(x)", "a: = t.a", "x: ?", "all: ?"],
  ["table functions", "select range from range(3)", "range: ?", "all: ?"],
  ["COLUMNS", "select columns('a|b') from t", "?"],
  ["samples", "select a from t using sample 3", "?", "all: ?"],
  ["a positional join", "select a, c from t positional join u", "a: ?", "c: ?", "all: ?"],
  ["WITH RECURSIVE", "with recursive r as (select 1 as n union all select n + 1 from r) select n from r", "n: ?", "all: ?"],
  ["PIVOT", "pivot t on a using sum(b)", "?", "all: ?"],
  ["two statements", "select a from t; select b from t", "?", "all: ?"],
  ["no SELECT", "create table x as select a from t", "?", "all: ?"],
  ["text that is no SQL", "selec", "?", "all: ?"]
]

/** What a model reads, but for what is only read of a model that is built again in part. */
const inputsOf = (inputs: ReadonlyArray<Input>): ReadonlyArray<string> =>
  [...new Set(inputs.filter((input) => input.kind === "model" || input.source !== "changes").map(relationName))].sort()

describe("the lineage of columns", () => {
  for (const [construct, select, ...expected] of cases) {
    it.effect(`of ${construct}`, () =>
      Effect.gen(function* () {
        if (opened === undefined) return assert.fail("DuckDB is not open")
        assert.deepStrictEqual(told(yield* opened.ofSelect(select, relations)), expected)
      })
    )
  }

  it.live("of a history: the rows that are made of its SELECT's", () =>
    Effect.gen(function* () {
      if (opened === undefined) return assert.fail("DuckDB is not open")
      const history = { key: ["k"], effective: "since", order: ["b"], keep: ["a"], replace: ["name"], inferred: null }
      const select = "select k, a, b, s as since, l as name from t where k > 0 -- all"
      const { columns, whole } = yield* opened.ofTable(model("m", { materialization: { kind: "history", history } }), select, relations)
      const direct = (columns ?? []).map(
        ({ output, inputs }) => `${output}: ${text(inputs?.filter(({ type }) => type === "DIRECT") ?? null)}`
      )
      assert.deepStrictEqual(direct, [
        "surrogate_key: ~ t.k, ~ t.s",
        "k: = t.k",
        "a: = t.a",
        "name: ~ t.l",
        "valid_from: ~ t.s",
        "valid_to: ~ t.s",
        "version_no: ",
        "is_current: ~ t.s",
        "is_inferred: "
      ])
      assert.strictEqual(
        text(columns?.find(({ output }) => output === "name")?.inputs ?? null),
        "window t.a, window t.b, window t.k, window t.l, window t.s, ~ t.l"
      )
      assert.strictEqual(text(whole), "filter t.a, filter t.b, filter t.k, filter t.l, filter t.s")
    })
  )

  it.live("of Olist's models is decided, every column of all 14", () =>
    Effect.gen(function* () {
      const models = olistModels()
      const lineages = yield* olistLineage(yield* openDuckDB(), models)
      assert.strictEqual(lineages.size, 14)
      for (const { name, columns, inputs } of models.models) {
        const lineage = lineages.get(name)
        assert.deepStrictEqual(
          lineage?.columns?.map(({ output, inputs }) => [output, inputs !== null]),
          columns.map((column) => [column.name, true]),
          name
        )
        assert.isNotNull(lineage?.whole)
        const read = [lineage?.whole ?? [], ...(lineage?.columns ?? []).map((column) => column.inputs ?? [])].flat()
        assert.deepStrictEqual([...new Set(read.map(({ relation }) => relation))].sort(), inputsOf(inputs), name)
      }
      const of = (model: string, column: string): string =>
        text(lineages.get(model)?.columns?.find(({ output }) => output === column)?.inputs ?? null)
      assert.strictEqual(of("dw_fact_order_items", "price"), "= consumable_items.price")
      assert.strictEqual(of("dw_fact_order_items", "sk_customers"), "~ stg_orders.sk_customers")
      assert.strictEqual(of("dw_fact_orders", "items_value"), "+ dw_fact_order_items.price")
      assert.strictEqual(of("dw_fact_orders", "item_count"), "")
      assert.strictEqual(of("dw_fact_orders", "main_payment_type"), "= dw_fact_order_payments.payment_type")
      assert.strictEqual(
        of("dw_fact_orders", "days_late"),
        "~ stg_orders.dt_order_delivered_customer, ~ stg_orders.dt_order_estimated_delivery"
      )
      assert.strictEqual(of("dw_dim_customers", "customer_city"), "= consumable_customers.customer_city")
      assert.strictEqual(of("dw_dim_products", "product_id"), "~ consumable_items.product_id, ~ consumable_products.product_id")
      assert.strictEqual(of("dw_dim_location", "nu_spellings"), "window dw_map_customers.customer_zip_code_prefix")
      assert.strictEqual(
        of("checkout_order_versions", "order_value"),
        "if dw_fact_orders.item_count, ~ dw_fact_orders.freight_value, ~ dw_fact_orders.items_value, ~ dw_fact_orders.payment_value"
      )
      assert.strictEqual(of("aggregate_sales_performance_by_city", "nu_qty_unique_customers"), "+ dw_dim_customers.customer_unique_id")
      assert.strictEqual(
        text(lineages.get("aggregate_sales_per_day")?.whole ?? null),
        "filter dw_fact_orders.order_status, group dw_fact_orders.dt_order_purchase, group dw_fact_orders.main_payment_type"
      )
    }).pipe(Effect.scoped)
  )
})
