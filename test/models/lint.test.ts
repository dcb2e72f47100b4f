import { describe, expect, it } from "vitest"
import { lint } from "../../src/models/lint.ts"
import { parseText } from "../../src/models/text.ts"

const told = (sql: string) =>
  lint(parseText(sql, "models/m.sql", "shop").masked, "models/m.sql").map(({ line, problem }) => `${line}: ${problem}`)

describe("the dialect of models", () => {
  it.each([
    "with a as (select 1 as x) select * from a",
    "(select 1) union all (select 2)",
    "select count(*) filter (where x > 1), try_cast(x as bigint), cast(x as decimal(12, 2)), cast(x as varchar(3)) from t",
    "select row_number() over (partition by a order by b desc nulls last, c nulls first rows between 1 preceding and current row) from t",
    "select sum(x) over (order by t nulls last range between interval '30' minute preceding and current row) from t",
    "select percentile_cont(0.5) within group (order by x) from t order by 1 nulls last limit 3",
    'select \'a; b [1] "c" -- d\' as qualify, t.hash, hash from t as hash -- l[1]; "x"\n/* regexp_replace(a) /* ; */ */',
    "select cast(avg(x) as decimal(18, 6)), avg(cast(x as double)), cast(avg(x) over (partition by a) as decimal(9, 2)) from t",
    "select array_sort(array_agg(x) filter (where x is not null)) from t",
    "select count(distinct (a, b)), count(distinct a), extract(year from t), extract(day from a - b) from t",
    "select x * 2 from a except select 1 from b",
    "select a.pivot, log, concat, first from t where asof is null",
    "select d + interval '{{ var('days', 3) }}' day from {{ ref('a') }}",
    "select * from {{ ref('a') }} {% if is_incremental() %} where x > 1 {% endif %}",
    "select 1 as name from t order by name nulls last",
    "select x as list, y as text from t",
    "select t.now, r.random, age(a, b), a as today, sample, uuid from t as current_date",
    "select extract(year from '2024-01-01'), x is distinct from 'a.b' from t"
  ])("takes %j", (sql) => {
    expect(told(sql)).toEqual([])
  })

  it.each([
    ["select 1;", ["1: the SELECT ends with ;"]],
    ["select 1;\n-- done\n;", ["1: the SELECT ends with ;"]],
    ["select 1;\nselect 2", ["1: there is more than one statement"]],
    ["-- nothing", ["1: there is no SELECT"]],
    ["\ndelete from t", ["2: the file is no SELECT"]],
    ["from t select 1", ["1: the file is no SELECT"]],
    ["select * from read_csv('/a.csv')", ["1: read_csv(…) reads what is no table of the lake"]],
    [
      "select 1 from 'a.parquet'\njoin 's3://b/*' on true",
      ["1: 'a.parquet' reads what is no table of the lake", "2: 's3://b/*' reads what is no table of the lake"]
    ],
    ["select\nl[1] from t", ["2: [ differs: lists begin at 1 in DuckDB and at 0 in Spark"]],
    ["select regexp_replace(s, 'X', '-') from t", ["1: regexp_replace(…) differs: DuckDB replaces the first match, Spark all"]],
    [
      "select a from t order by\n a,\n b nulls last,\n c",
      [2, 4].map((line) => `${line}: order by does not say where nulls are: DuckDB has them last, Spark first`)
    ],
    ["select rank() over (order by f(a, b)) from t", ["1: order by does not say where nulls are: DuckDB has them last, Spark first"]],
    ["select dayofweek(t) from t", ["1: dayofweek(…) differs: Sunday is 0 in DuckDB and 1 in Spark"]],
    ["select extract(dow from t) from t", ["1: extract(dow …) differs: Sunday is 0 in DuckDB and 1 in Spark"]],
    ["select extract(epoch from t) from t", ["1: extract(epoch …) is an error in Spark"]],
    [
      "select datediff('day', a, b) from t",
      ["1: datediff(…) differs: DuckDB counts the ends of units that lie between, Spark and Athena whole units"]
    ],
    ["select round(avg(x), 2) from t", ["1: avg(…) differs: of decimals it is a double in DuckDB, a decimal in Spark"]],
    ["select HASH(x) from t", ["1: hash(…) differs: DuckDB, Spark and Athena do not make the same of it"]],
    [
      "select log(x), concat(a, b) from t",
      [
        "1: log(…) differs: to the base of 10 in DuckDB, natural in Spark",
        "1: concat(…) differs: DuckDB leaves nulls out, in Spark and Athena the whole is null"
      ]
    ],
    ["select 1 from t qualify row_number() over (order by a nulls last) = 1", ["1: qualify is an error in Spark"]],
    ["select * exclude (a) from t", ["1: * exclude is an error in Spark"]],
    ["select * except (a) from t", ["1: * except is an error in Spark"]],
    ["select cast(x as varchar), x::int from t", ["1: the type varchar is an error in Spark", "1: :: is an error in Spark"]],
    ["select cast(f(x, (y)) as timestamp with time zone) from t", ["1: the type timestamp with time zone is an error in Spark"]],
    ["select last_value(x ignore nulls) over (order by a nulls last) from t", ["1: ignore nulls is not at one place in DuckDB and Spark"]],
    [
      "select 1 from t cross join unnest(l)",
      [
        "1: cross join unnest is not the same SQL in any two of DuckDB, Spark and Athena",
        "1: unnest(…) is not the same SQL in any two of DuckDB, Spark and Athena"
      ]
    ],
    ["select j ->> 'a' from t", ["1: ->> is an error in Spark"]],
    ["select string_agg(x, ',') from t", ["1: string_agg(…) is an error in Spark"]],
    [
      "select epoch(x), sha256(x), regexp_matches(a, 'b') from t",
      ["1: epoch(…) is an error in Spark", "1: sha256(…) is an error in Spark or differs", "1: regexp_matches(…) is an error in Spark"]
    ],
    ["select x at time zone 'UTC' from t", ["1: at time zone is an error in Spark"]],
    ['select "a b" from t', ['1: "a b" is a name in DuckDB and a text in Spark']],
    ["select `a` from t", ["1: `a` is an error in DuckDB"]],
    [
      "select explode(l), sequence(1, 2) from t lateral view x",
      [
        "1: explode(…) is not the same SQL in any two of DuckDB, Spark and Athena",
        "1: sequence(…) is not the same SQL in any two of DuckDB, Spark and Athena",
        "1: lateral is not the same SQL in any two of DuckDB, Spark and Athena"
      ]
    ],
    [
      "select sha2(x, 256), unix_timestamp(x) from t where regexp_like(a, 'b') or a rlike 'c'",
      [
        "1: sha2(…) is an error in Spark or differs",
        "1: unix_timestamp(…) is an error in DuckDB",
        "1: regexp_like(…) is an error in DuckDB",
        "1: rlike is an error in DuckDB"
      ]
    ],
    ["select sum(x) filter (where a) over (partition by b) from t", ["1: filter (…) over (…) is an error in Spark"]],
    ["select count(distinct a, b) from t", ["1: count(distinct a, b) is an error in DuckDB"]],
    ["select 1 from a left anti join b using (x)", ["1: anti join is not the same SQL in DuckDB, Spark and Athena"]],
    ["select 1 from a group by all", ["1: group by all is an error in Athena"]],
    ["select 1 union all by name select 2", ["1: by name is an error in Spark"]],
    ["select distinct on (a) b from t", ["1: distinct on is an error in Spark"]],
    [
      "select array_agg(x order by y nulls last) from t",
      ["1: array_agg(…) differs: its order, and whether nulls are in it, is each engine's own"]
    ],
    ["select list(x) from t", ["1: list(…) differs: its order, and whether nulls are in it, is each engine's own"]],
    [
      "select '\\d', 'it''s' from t",
      [
        "1: a backslash in a text differs: Spark takes it for the beginning of a sign",
        "1: '' in a text differs: Spark leaves the quote out"
      ]
    ],
    [
      "select x ^ 2, a // b, {'a': 1} from t",
      ["1: ^ differs: a power in DuckDB, bits in Spark", "1: // is an error in Spark", "1: { is an error in Spark"]
    ],
    [
      "select now(), a.now(), current_date\nfrom t where d > today() or t < current_timestamp and age(t) > x",
      ["1: now(…)", "1: current_date", "2: today(…)", "2: current_timestamp", "2: age(…)"].map(
        (each) => `${each} gives something else each time`
      )
    ],
    [
      "select random(), uuid(), gen_random_uuid() from t tablesample (10 percent) using sample 3",
      ["random(…)", "uuid(…)", "gen_random_uuid(…)", "tablesample", "sample"].map((each) => `1: ${each} gives something else each time`)
    ],
    ["select t + interval '3 days', t + interval 3 day from t", Array(2).fill("1: the interval is an error in Athena")]
  ])("refuses %j", (sql, problems) => {
    expect(told(sql)).toEqual(problems)
  })

  it("says what to write, and where a condition stands in its file", () => {
    expect(lint("x > 1 and\nx::int = 1;", "models/m.yml", "condition", 10)).toEqual([
      {
        file: "models/m.yml",
        line: 11,
        problem: "the SELECT ends with ;",
        hint: "Take the ; away: dbt puts the SELECT into a statement of its own."
      },
      { file: "models/m.yml", line: 11, problem: ":: is an error in Spark", hint: "Write cast(x as type)." }
    ])
  })

  it("lets tests ask what time it is, which make no rows", () => {
    expect(lint("select 1 from t where seen_at > now()", "tests/t.sql", "test")).toEqual([])
    expect(lint("seen_at <= current_timestamp", "models/m.yml", "condition")).toEqual([])
    expect(lint("select now()", "models/m.sql")[0]?.hint).toBe(
      "Write the newest time of what is read, such as (select max(changed_at) from …), or a day that is given: {{ var('day') }}."
    )
  })

  it("reads whatever stands there", () => {
    const parts = [
      "select",
      "'",
      '"',
      "`",
      "/*",
      "*/",
      "--",
      "\n",
      "(",
      ")",
      "order",
      "by",
      ",",
      "cast",
      "as",
      "extract",
      "$",
      "€",
      "1.",
      "[",
      "interval",
      "avg",
      "\u{1f600}"
    ]
    let state = 5
    for (let i = 0; i < 3000; i++) {
      let sql = ""
      for (let n = 0; n < 12; n++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0
        sql += `${parts[Math.floor((state / 2 ** 32) * parts.length)]}${state % 3 === 0 ? "" : " "}`
      }
      for (const { line } of lint(sql, "m.sql")) expect(line >= 1 && line <= sql.split("\n").length).toBe(true)
    }
  })
})
