import type { Action, CommitInfo, Metadata, PartitionValues } from "./actions.ts"
import type { TableConflict } from "./errors.ts"
import { stillFits } from "./evolve.ts"
import { parseSchema } from "./schema.ts"
import { isolationOf, readSet, type Transaction } from "./transaction.ts"

/**
 * May a transaction still be committed after another one came first? Pure decisions over two lists of actions (PROTOCOL.md and Delta's
 * "Concurrency Control"). Invariant: whoever commits may assume that nothing it rests on has changed since `tx.read`.
 */

/** Why not. `committed`: what the transaction wanted to do is done already. */
export type Verdict =
  | { readonly kind: "go" }
  | { readonly kind: "committed"; readonly problem: string }
  | { readonly kind: "conflict"; readonly conflict: TableConflict; readonly problem: string }

const go: Verdict = { kind: "go" }
const conflict = (kind: TableConflict, problem: string): Verdict => ({ kind: "conflict", conflict: kind, problem })

export const secondOwner = (domain: string): string => `another process committed the domain ${domain}: it has a second owner`

const infoOf = (actions: ReadonlyArray<Action>): CommitInfo | undefined => {
  for (const action of actions) if ("commitInfo" in action) return action.commitInfo
  return undefined
}

/** Is this commit the one that carries our transaction id? */
export const isOurs = (actions: ReadonlyArray<Action>, txnId: string): boolean => infoOf(actions)?.txnId === txnId

/** What `tx.read` itself says: work that was done before, files that are not there. */
export const judgeAgainstRead = (tx: Transaction): Verdict => {
  for (const action of tx.actions) {
    if ("txn" in action) {
      const known = tx.read.transactions.get(action.txn.appId)
      if (known !== undefined && known >= action.txn.version)
        return { kind: "committed", problem: `${action.txn.appId} has committed version ${known} already` }
    }
    if ("remove" in action && !tx.read.files.has(action.remove.path)) return conflict("remove", `${action.remove.path} is not in the table`)
  }
  return go
}

/** The rule for one commit that came first. */
export const judge = (tx: Transaction, winner: ReadonlyArray<Action>): Verdict => {
  const ours = index(tx)
  const isBlind = infoOf(winner)?.isBlindAppend === true
  const strict = isolationOf(tx) === "Serializable"
  let found: Verdict = go
  for (const action of winner) {
    if ("txn" in action) {
      const version = ours.transactions.get(action.txn.appId)
      if (version === undefined) continue
      // Nothing outweighs this: the work is done, whatever else the winner did.
      if (action.txn.version >= version)
        return { kind: "committed", problem: `${action.txn.appId} has committed version ${action.txn.version} meanwhile` }
      found = conflict(
        "transaction",
        `another process committed version ${action.txn.version} of ${action.txn.appId}: it has a second owner`
      )
    }
    if (found.kind === "conflict") continue
    if ("protocol" in action) found = conflict("protocol", "the table's protocol was changed")
    else if ("metaData" in action && !mayGoOnWith(tx, action.metaData))
      found = conflict("metaData", "the table's schema or properties were changed")
    else if ("domainMetadata" in action && ours.domains.has(action.domainMetadata.domain))
      found = conflict("domain", secondOwner(action.domainMetadata.domain))
    else if ("remove" in action) {
      if (ours.removes.has(action.remove.path)) found = conflict("remove", `${action.remove.path} was removed by another commit too`)
      else if (ours.reads(action.remove.path, action.remove.partitionValues))
        found = conflict("read", `${action.remove.path}, which was read, was removed`)
    } else if ("add" in action && (!isBlind || strict) && ours.reads(action.add.path, action.add.partitionValues))
      found = conflict("read", `${action.add.path} was added to what was read`)
  }
  return found
}

interface Index {
  readonly transactions: ReadonlyMap<string, number>
  readonly domains: ReadonlySet<string>
  readonly removes: ReadonlySet<string>
  readonly reads: (path: string, partition: PartitionValues | null) => boolean
}

const index = (tx: Transaction): Index => {
  const transactions = new Map<string, number>()
  const domains = new Set<string>()
  const removes = new Set<string>()
  for (const action of tx.actions) {
    if ("txn" in action) transactions.set(action.txn.appId, action.txn.version)
    if ("domainMetadata" in action) domains.add(action.domainMetadata.domain)
    if ("remove" in action) removes.add(action.remove.path)
  }
  const read = readSet(tx)
  const reads: Index["reads"] = (path, partition) => {
    if (read === "none") return false
    if (read === "all") return true
    if (typeof read !== "function") return read.has(path)
    const values = partition ?? tx.read.files.get(path)?.partitionValues
    // A removed file of unknown partition: assume the worst.
    return values === undefined || read(values)
  }
  return { transactions, domains, removes, reads }
}

/**
 * A blind append goes on if its files, made for the schema that it read, are still right under the new one. Properties other than Delta's say
 * what rows mean to those who write them: where one changes, they have to look again.
 */
const mayGoOnWith = (tx: Transaction, after: Metadata): boolean => {
  if (!tx.isBlindAppend || tx.actions.some((action) => "metaData" in action || "protocol" in action)) return false
  const before = tx.read.metaData
  if (before.partitionColumns.join("\n") !== after.partitionColumns.join("\n") || before.id !== after.id) return false
  if (ownProperties(before) !== ownProperties(after)) return false
  try {
    return stillFits(tx.read.schema, parseSchema(after.schemaString))
  } catch {
    return false
  }
}

const ownProperties = ({ configuration }: Metadata): string =>
  JSON.stringify(
    Object.entries(configuration)
      .filter(([name]) => !name.startsWith("delta."))
      .sort()
  )
