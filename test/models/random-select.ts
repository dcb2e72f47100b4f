/** SELECTs made at random over small tables, of names so few that they often mean several things. DuckDB refuses some of them. */

/** Columns of the tables that the SELECTs read, each a whole number, but for `s`, which is a struct of two. */
export const tables = { t: ["k", "a", "b", "s"], u: ["k", "a", "c"], v: ["b", "c", "d"] } as const

export type Roll = (n: number) => number

interface Source {
  readonly alias: string
  readonly columns: ReadonlyArray<string>
}

/** What may be named where something is written. */
interface Names {
  readonly sources: ReadonlyArray<Source>
  readonly aliases: ReadonlyArray<string>
  readonly ctes: ReadonlyArray<Source>
}

const pool = ["k", "a", "b", "c", "d", "x", "y"]

export const randomSelect = (roll: Roll): string => query(roll, { sources: [], aliases: [], ctes: [] }, roll(4)).sql

const one = <A>(roll: Roll, of: ReadonlyArray<A>, otherwise: A): A => of[roll(of.length)] ?? otherwise

const column = (roll: Roll, { sources, aliases }: Names): string => {
  if (aliases.length > 0 && roll(5) === 0) return one(roll, aliases, "k")
  const { alias, columns } = one(roll, sources, { alias: "t", columns: ["k"] })
  const name = one(roll, columns, "k")
  const field = name === "s" ? ".x" : ""
  return roll(5) < 3 ? `${alias}.${name}${field}` : `${name}${field}`
}

const expression = (roll: Roll, names: Names, depth: number): string => {
  const some = () => expression(roll, names, depth - 1)
  if (depth <= 0) return roll(6) === 0 ? String(roll(4)) : column(roll, names)
  switch (roll(13)) {
    case 0:
      return `${some()} + ${some()}`
    case 1:
      return `case when ${condition(roll, names, depth - 1)} then ${some()} else ${some()} end`
    case 2:
      return `coalesce(${some()}, ${some()})`
    case 3:
      return `cast(${some()} as bigint)`
    case 4:
      return `nullif(${some()}, ${some()})`
    case 5:
      return `greatest(${some()}, ${some()})`
    case 6:
      return `(select max(${one(roll, ["k", "a", "w.c"], "k")}) from u as w where w.k > ${some()})`
    case 7:
      return `(select ${one(roll, ["min", "count", "sum"], "sum")}(${some()}) from v as w where ${condition(roll, { ...names, sources: [...names.sources, { alias: "w", columns: tables.v }] }, 0)})`
    case 8:
      return `{'x': ${some()}, 'y': ${some()}}.x`
    default:
      return column(roll, names)
  }
}

const condition = (roll: Roll, names: Names, depth: number): string => {
  const some = () => expression(roll, names, depth)
  switch (roll(depth > 0 ? 9 : 5)) {
    case 0:
      return `${some()} is not null`
    case 1:
      return `${some()} between ${some()} and ${some()}`
    case 2:
      return `${some()} in (1, 2, ${some()})`
    case 3:
    case 4:
      return `${some()} ${one(roll, ["<", "=", ">=", "is distinct from"], "<")} ${some()}`
    case 5:
      return `${some()} in (select ${one(roll, ["k", "c", "a"], "k")} from u as w where w.a >= ${some()})`
    case 6:
      return `exists (select 1 from v as w where w.b = ${some()})`
    case 7:
      return `not (${condition(roll, names, depth - 1)})`
    default:
      return `(${condition(roll, names, depth - 1)} ${one(roll, ["and", "or"], "or")} ${condition(roll, names, depth - 1)})`
  }
}

const aggregate = (roll: Roll, names: Names): string => {
  const some = () => expression(roll, names, 1)
  switch (roll(6)) {
    case 0:
      return "count(*)"
    case 1:
      return `count(distinct ${some()})`
    case 2:
      return `sum(${some()}) filter (where ${condition(roll, names, 1)})`
    case 3:
      return `${one(roll, ["min", "max"], "max")}(${some()}) + ${aggregate(roll, names)}`
    case 4:
      return `list(${column(roll, names)} order by ${column(roll, names)}, 1)[1] + quantile_disc(${some()}, 0.5)`
    default:
      return `${one(roll, ["sum", "min", "max", "count"], "sum")}(${some()})`
  }
}

/** None that depends on an order of rows that tie. */
const overWindow = (roll: Roll, names: Names): string => {
  const [value, part, order] = [column(roll, names), column(roll, names), column(roll, names)]
  const by = `partition by ${part} order by ${order}, ${value}`
  return one(
    roll,
    [
      `rank() over (${by})`,
      `sum(${value}) over (partition by ${part})`,
      `max(${value}) over (order by ${order})`,
      `first_value(${value}) over (${by})`,
      `count(${value}) filter (where ${condition(roll, names, 0)}) over (${by})`,
      `sum(${value}) over (order by ${order} range between 1 preceding and current row)`
    ],
    "1"
  )
}

interface From {
  readonly sql: string
  readonly sources: ReadonlyArray<Source>
}

let made = 0

const relation = (roll: Roll, names: Names, depth: number): From => {
  const kind = roll(8)
  if (kind < 2 && names.ctes.length > 0) {
    const { alias: name, columns } = one(roll, names.ctes, { alias: "t", columns: tables.t })
    const alias = roll(2) === 0 ? name : `${name}${made++ % 9}`
    return { sql: alias === name ? name : `${name} as ${alias}`, sources: [{ alias, columns }] }
  }
  if (kind === 2 && depth > 0) {
    const { sql, columns } = query(roll, { ...names, sources: [], aliases: [] }, depth - 1)
    const alias = `q${made++ % 9}`
    const renamed = roll(4) === 0 && columns.length > 0
    return {
      sql: `(${sql}) as ${alias}${renamed ? "(x)" : ""}`,
      sources: [{ alias, columns: renamed ? ["x", ...columns.slice(1)] : columns }]
    }
  }
  if (kind === 3) return { sql: "(values (1, 2), (3, null)) as w(a, x)", sources: [{ alias: "w", columns: ["a", "x"] }] }
  const name = one(roll, ["t", "u", "v"] as const, "t")
  const alias = roll(2) === 0 ? name : `${name}${made++ % 9}`
  return { sql: alias === name ? name : `${name} as ${alias}`, sources: [{ alias, columns: tables[name] }] }
}

const from = (roll: Roll, names: Names, depth: number): From => {
  let left = relation(roll, names, depth)
  while (roll(5) < 2) {
    const right = relation(roll, names, depth)
    const sources = [...left.sources, ...right.sources]
    const type = one(roll, ["", "left ", "right ", "full ", "semi ", "anti "], "")
    const stays = type === "semi " || type === "anti " ? left.sources : sources
    const shared = left.sources
      .flatMap(({ columns }) => columns)
      .filter((name) => right.sources.some(({ columns }) => columns.includes(name)))
    switch (roll(6)) {
      case 0:
        left = { sql: `${left.sql}, ${right.sql}`, sources }
        break
      case 1:
        left = { sql: `${left.sql} ${type}join ${right.sql} using (${one(roll, shared, "k")})`, sources: stays }
        break
      case 2:
        left = { sql: `${left.sql} natural ${type.trim() === "semi" || type.trim() === "anti" ? "" : type}join ${right.sql}`, sources }
        break
      case 3: {
        const to = { ...names, sources: [...left.sources, { alias: "w", columns: tables.u }] }
        const alias = `l${made++ % 9}`
        const lateral = `(select ${expression(roll, to, 1)} as ${one(roll, pool, "x")} from u as w where ${condition(roll, to, 0)}) as ${alias}`
        left = { sql: `${left.sql}, lateral ${lateral}`, sources: [...left.sources, { alias, columns: [...pool] }] }
        break
      }
      default:
        left = {
          sql: `${left.sql} ${type}join ${right.sql} on ${condition(roll, { ...names, sources, aliases: [] }, 1)}`,
          sources: stays
        }
    }
  }
  return left
}

interface Query {
  readonly sql: string
  readonly columns: ReadonlyArray<string>
}

const star = (roll: Roll, { sources }: Names): Query => {
  const { alias, columns } = one(roll, sources, { alias: "t", columns: [] })
  const name = one(roll, columns, "k")
  const extra = one(
    roll,
    [
      "",
      "",
      ` exclude (${name})`,
      ` replace (${expression(roll, { sources, aliases: [], ctes: [] }, 1)} as ${name})`,
      ` rename (${name} as y)`
    ],
    ""
  )
  return { sql: `${roll(2) === 0 ? `${alias}.*` : "*"}${extra}`, columns }
}

const query = (roll: Roll, around: Names, depth: number): Query => {
  const ctes = [...around.ctes]
  const withs: Array<string> = []
  while (depth > 0 && roll(4) === 0) {
    const name = one(roll, ["p", "q", "t", "u"], "p")
    const { sql, columns } = query(roll, { ...around, ctes }, depth - 1)
    withs.push(`${name} as (${sql})`)
    ctes.push({ alias: name, columns })
  }
  const prefix = withs.length > 0 ? `with ${withs.join(", ")} ` : ""
  const inner: Names = { ...around, ctes }
  if (depth > 0 && roll(5) === 0) {
    const [left, right] = [core(roll, inner, depth - 1), core(roll, inner, depth - 1)]
    const how = one(roll, ["union all", "union", "union all by name", "union by name", "intersect", "except", "except all"], "union")
    return { sql: `${prefix}(${left.sql}) ${how} (${right.sql})${ordered(roll, left.columns)}`, columns: left.columns }
  }
  const { sql, columns } = core(roll, inner, depth)
  return { sql: `${prefix}${sql}`, columns }
}

/** Rows are cut off where no two that differ tie. */
const ordered = (roll: Roll, columns: ReadonlyArray<string>): string => {
  if (roll(5) > 0) return ""
  const by = one(roll, columns, "1")
  return ` order by ${one(roll, [by, `${by} + 1`, "1", "all"], "all")}, all limit ${1 + roll(4)}`.replace("all, all", "all")
}

const core = (roll: Roll, around: Names, depth: number): Query => {
  const { sql: tablesSql, sources } = from(roll, around, depth)
  const names: Names = { ...around, sources: [...sources], aliases: [] }
  const isGrouped = roll(3) === 0
  const items: Array<string> = []
  const columns: Array<string> = []
  const plain: Array<string> = []
  const count = 1 + roll(4)
  for (let i = 0; i < count; i++) {
    const inner = { ...names, aliases: isGrouped ? [] : columns }
    if (!isGrouped && roll(6) === 0) {
      const all = star(roll, names)
      items.push(all.sql)
      columns.push(...all.columns)
      continue
    }
    const isAggregate = isGrouped && roll(2) === 0
    const sql = isAggregate ? aggregate(roll, names) : !isGrouped && roll(6) === 0 ? overWindow(roll, inner) : expression(roll, inner, 2)
    const alias = roll(8) === 0 ? undefined : one(roll, pool, "x")
    if (!isAggregate) plain.push(alias !== undefined && roll(3) === 0 ? alias : roll(4) === 0 ? String(i + 1) : sql)
    items.push(alias === undefined ? sql : `${sql} as ${alias}`)
    columns.push(alias ?? "k")
  }
  const inner = { ...names, aliases: columns }
  const where = roll(3) === 0 ? ` where ${condition(roll, inner, 1)}` : ""
  if (isGrouped) {
    const group =
      plain.length === 0 ? "" : ` group by ${one(roll, ["all", plain.join(", "), plain.join(", "), `rollup (${plain.join(", ")})`], "all")}`
    const having = roll(4) === 0 ? ` having ${aggregate(roll, names)} > ${one(roll, ["1", ...columns], "1")}` : ""
    return { sql: `select ${items.join(", ")} from ${tablesSql}${where}${group}${having}${ordered(roll, columns)}`, columns }
  }
  const qualify = roll(6) === 0 ? ` qualify ${overWindow(roll, inner)} > 1` : ""
  if (roll(12) === 0) {
    const by = column(roll, names)
    return { sql: `select distinct on (${by}) ${items.join(", ")} from ${tablesSql}${where}${qualify} order by ${by}, all`, columns }
  }
  const distinct = roll(4) === 0 ? "distinct " : ""
  return { sql: `select ${distinct}${items.join(", ")} from ${tablesSql}${where}${qualify}${ordered(roll, columns)}`, columns }
}
