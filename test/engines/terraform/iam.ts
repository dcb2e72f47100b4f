/**
 * Documents of IAM, evaluated as AWS does it, as far as the documents of this configuration go: who may do what, on what, under which conditions. What they have beyond that
 * is an error by name, never a guess.
 */
import { membersOf } from "../../../src/record/members.ts"

export type Principal = { readonly type: "Service" | "AWS" | "Federated"; readonly id: string }

export interface Statement {
  readonly sid: string
  readonly effect: "Allow" | "Deny"
  /** Null: it says none, as those of roles do. */
  readonly principals: ReadonlyArray<Principal> | null
  readonly actions: ReadonlyArray<string>
  /** It holds for all actions but these. */
  readonly exceptsActions: boolean
  readonly resources: ReadonlyArray<string>
  readonly exceptsResources: boolean
  readonly conditions: ReadonlyArray<Condition>
}

interface Condition {
  readonly operator: string
  readonly key: string
  readonly values: ReadonlyArray<string>
}

export type Policy = ReadonlyArray<Statement>

/** Something that somebody wants to do. */
export interface Asked {
  readonly principal: Principal
  readonly action: string
  readonly resource: string
  /** What is known of the call, by condition keys. */
  readonly context: { readonly [key: string]: string }
}

/** What a document says of something: nothing, most of the time. */
export type Verdict = "allow" | "deny" | "nothing"

const textsOf = (value: unknown): ReadonlyArray<string> =>
  value === undefined ? [] : Array.isArray(value) ? value.map(String) : [String(value)]

const kinds = ["Service", "AWS", "Federated"] as const

const principalsOf = (value: unknown): ReadonlyArray<Principal> | null => {
  if (value === undefined) return null
  if (value === "*") return [{ type: "AWS", id: "*" }]
  const members = membersOf(value)
  const strange = Object.keys(members).find((name) => !kinds.some((kind) => kind === name))
  if (strange !== undefined) throw new Error(`a principal of type ${strange} is not known here`)
  return kinds.flatMap((type) => textsOf(members[type]).map((id) => ({ type, id })))
}

const statementOf = (given: unknown): Statement => {
  const { Sid, Effect, Principal, Action, NotAction, Resource, NotResource, Condition, ...rest } = membersOf(given)
  const [strange] = Object.keys(rest)
  if (strange !== undefined) throw new Error(`a statement with ${strange} is not known here`)
  if (Effect !== "Allow" && Effect !== "Deny") throw new Error(`a statement has the effect ${String(Effect)}`)
  return {
    sid: Sid === undefined ? "" : String(Sid),
    effect: Effect,
    principals: principalsOf(Principal),
    actions: textsOf(Action ?? NotAction),
    exceptsActions: Action === undefined,
    resources: textsOf(Resource ?? NotResource),
    exceptsResources: NotResource !== undefined,
    conditions: Object.entries(membersOf(Condition)).flatMap(([operator, keys]) =>
      Object.entries(membersOf(keys)).map(([key, values]) => ({ operator, key, values: textsOf(values) }))
    )
  }
}

/** Reads a document. Throws where it has what is not known here. */
export const readPolicy = (text: string): Policy => {
  const { Statement } = membersOf(JSON.parse(text))
  return (Array.isArray(Statement) ? Statement : [Statement]).map(statementOf)
}

const patterns = new Map<string, RegExp>()

/** Does a text fit a pattern with `*` and `?`? */
export const fits = (pattern: string, text: string): boolean => {
  const known = patterns.get(pattern)
  if (known !== undefined) return known.test(text)
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", "[^]*")
    .replaceAll("?", "[^]")
  const made = new RegExp(`^${source}$`)
  patterns.set(pattern, made)
  return made.test(text)
}

/** Does an ARN fit a pattern? `*` does not go beyond one of the first five parts. */
const arnFits = (pattern: string, arn: string): boolean => {
  const [wanted, given] = [pattern, arn].map((each) => each.split(":"))
  if (wanted === undefined || given === undefined || wanted.length < 6 || given.length < 6) return fits(pattern, arn)
  return wanted.slice(0, 5).every((part, i) => fits(part, given[i] ?? "")) && fits(wanted.slice(5).join(":"), given.slice(5).join(":"))
}

type Compare = (wanted: string, given: string) => boolean
const numbers =
  (compare: (given: number, wanted: number) => boolean): Compare =>
  (wanted, given) =>
    compare(Number(given), Number(wanted))

/** Operators that hold where one of the values does. */
const comparisons: { readonly [operator: string]: Compare } = {
  StringEquals: (wanted, given) => wanted === given,
  StringEqualsIgnoreCase: (wanted, given) => wanted.toLowerCase() === given.toLowerCase(),
  StringLike: fits,
  ArnEquals: arnFits,
  ArnLike: arnFits,
  Bool: (wanted, given) => wanted.toLowerCase() === given.toLowerCase(),
  NumericEquals: numbers((given, wanted) => given === wanted),
  NumericLessThan: numbers((given, wanted) => given < wanted),
  NumericLessThanEquals: numbers((given, wanted) => given <= wanted),
  NumericGreaterThan: numbers((given, wanted) => given > wanted),
  NumericGreaterThanEquals: numbers((given, wanted) => given >= wanted)
}

/** A value with the variables of the call in it: `${aws:PrincipalAccount}`. */
const filled = (value: string, context: Asked["context"]): string =>
  value.replace(/\$\{([^}]+)\}/g, (_, name: string) => saidOf(context, name) ?? "\u0000")

const saidOf = (context: Asked["context"], key: string): string | undefined => {
  const found = Object.keys(context).find((each) => each.toLowerCase() === key.toLowerCase())
  return found === undefined ? undefined : context[found]
}

const holds = ({ operator, key, values }: Condition, context: Asked["context"]): boolean => {
  const given = saidOf(context, key)
  if (operator === "Null") return values.some((value) => (value === "true") === (given === undefined))
  const [, set, name = "", ifExists] = /^(ForAllValues:|ForAnyValue:)?(\w+?)(IfExists)?$/.exec(operator) ?? []
  const negated = name.replace(/^(String|Arn)Not/, "$1")
  const isNegated = negated !== name
  const compare = comparisons[negated]
  if (compare === undefined) throw new Error(`the operator ${operator} is not known here`)
  // What a call does not say fits nothing; so what is negated holds.
  if (given === undefined) return isNegated || ifExists !== undefined || set === "ForAllValues:"
  return values.some((value) => compare(filled(value, context), given)) !== isNegated
}

const isPrincipal = (principals: Statement["principals"], { type, id }: Principal): boolean =>
  principals === null ||
  principals.some((each) => {
    if (each.type === "AWS" && each.id === "*") return true
    if (each.type !== type) return false
    // A whole account stands for each of its roles.
    return each.id === id || (type === "AWS" && isAccountOf(each.id, id))
  })

/** Does a principal name the whole account of a role? Then it is the policies of the role that count. */
const isAccountOf = (principal: string, role: string): boolean => {
  const account = /^(?:arn:aws:iam::)?(\d{12})(?::root)?$/.exec(principal)?.[1]
  return account !== undefined && role.split(":")[4] === account
}

/** Does a statement speak of what is asked for, whoever asks and whatever the conditions are? */
export const covers = (statement: Statement, action: string, resource: string): boolean => {
  const { actions, exceptsActions, resources, exceptsResources } = statement
  const isAction = actions.some((each) => fits(each.toLowerCase(), action.toLowerCase())) !== exceptsActions
  // A document of trust names no resource: it is of its role.
  const isResource = resources.length === 0 || resources.some((each) => fits(each, resource)) !== exceptsResources
  return isAction && isResource
}

const speaksOf = (statement: Statement, asked: Asked): boolean =>
  isPrincipal(statement.principals, asked.principal) &&
  covers({ ...statement, resources: statement.resources.map((each) => filled(each, asked.context)) }, asked.action, asked.resource) &&
  statement.conditions.every((condition) => holds(condition, asked.context))

/** What one document, or several together, say: what one denies nobody can allow. */
export const verdictOf = (policy: Policy, asked: Asked): Verdict => {
  const effects = new Set(policy.flatMap((statement) => (speaksOf(statement, asked) ? [statement.effect] : [])))
  return effects.has("Deny") ? "deny" : effects.has("Allow") ? "allow" : "nothing"
}

/**
 * May a role, or a service, do something, by its own documents and those of what it does it to? Within an account one that allows is enough.
 *
 * @param own documents of the role; none for a service
 * @param theirs documents of the bucket, topic, queue, …
 */
export const isAllowed = (own: Policy, theirs: Policy, asked: Asked): boolean => {
  const verdicts = [verdictOf(own, asked), verdictOf(theirs, asked)]
  return verdicts.includes("allow") && !verdicts.includes("deny")
}

/**
 * The same for keys of KMS, whose own document must allow it, be it by naming the account of the role: then the documents of the role count.
 */
export const isKeyAllowed = (own: Policy, ofKey: Policy, asked: Asked): boolean => {
  const byAccount = (statement: Statement) =>
    statement.effect === "Allow" &&
    statement.principals?.every(({ type, id }) => type === "AWS" && isAccountOf(id, asked.principal.id)) === true
  const direct = verdictOf(
    ofKey.filter((statement) => !byAccount(statement)),
    asked
  )
  const delegated = verdictOf(ofKey.filter(byAccount), asked)
  const ofRole = verdictOf(own, asked)
  if (direct === "deny" || delegated === "deny" || ofRole === "deny") return false
  return direct === "allow" || (delegated === "allow" && ofRole === "allow")
}
