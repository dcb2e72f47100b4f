import { type Arrives, matcherOf } from "../contract/arrives.ts"
import type { CompiledContract } from "../contract/compile.ts"
import { formatOf } from "../contract/format.ts"
import { framingOf, takesName } from "../source/framing.ts"

/** A dataset, and which files of a folder are of it, by their paths below it; null: all whose names are of its format. */
export interface InputShare {
  readonly contract: CompiledContract
  readonly takes: ((path: string) => boolean) | null
}

/** What a contract says of what is its: patterns of paths, or of keys; undefined: nothing. */
type Says = (contract: CompiledContract["contract"]) => Arrives | undefined

export const ofFiles: Says = ({ arrives }) => arrives
const ofAnnounced: Says = ({ announced, arrives }) => announced ?? arrives

/** A dataset that is named takes what its contract says, or everything where it says nothing. */
export const shareOfNamed = (contract: CompiledContract, says: Says): InputShare => {
  const patterns = says(contract.contract)
  return { contract, takes: patterns === undefined ? null : matcherOf(patterns) }
}

/**
 * How the datasets of a project share an input: each that says so takes what it says; the first, where it says nothing, what no other claims and is named as its
 * format is. The others take part only by name. What two claim is of both.
 */
export const sharesOf = (contracts: ReadonlyArray<CompiledContract>, says: Says = ofFiles): ReadonlyArray<InputShare> => {
  const saying = contracts.filter(({ contract }) => says(contract) !== undefined).map((contract) => shareOfNamed(contract, says))
  const [first] = contracts
  if (first === undefined || says(first.contract) !== undefined) return saying
  const framing = framingOf(formatOf(first.contract))
  const isClaimed = (path: string) => saying.some(({ takes }) => takes?.(path) === true)
  return [{ contract: first, takes: (path) => takesName(framing, `/${path}`) && !isClaimed(path) }, ...saying]
}

/** How they share the objects that are announced to them, in the same way, by whole keys. A dataset that is alone takes what it says, or everything. */
export const announcedSharesOf = (contracts: ReadonlyArray<CompiledContract>): ReadonlyArray<InputShare> => {
  const [first, ...others] = contracts
  return first !== undefined && others.length === 0 ? [shareOfNamed(first, ofAnnounced)] : sharesOf(contracts, ofAnnounced)
}

/** What a command carries of the objects that are announced, and which keys others read, whose messages must stay in the queue. */
export interface AnnouncedParts {
  readonly mine: ReadonlyArray<InputShare>
  readonly leaves: (key: string) => boolean
}

/**
 * A dataset that is named and says nothing takes what no other claims. So what is of none of those that are carried may still be of one that says nothing, if it
 * is not carried now.
 *
 * @param contracts all of the project: what one claims that is missing here would be removed
 * @param named the only one to be carried; null: all that share the queue
 */
export const announcedPartsOf = (contracts: ReadonlyArray<CompiledContract>, named: CompiledContract | null): AnnouncedParts => {
  const shares = announcedSharesOf(contracts)
  const others = named === null ? [] : shares.filter(({ contract }) => contract !== named)
  const takenBy = (some: ReadonlyArray<InputShare>, key: string) => some.some(({ takes }) => takes === null || takes(key))
  const own = named === null ? shares : shares.filter(({ contract }) => contract === named)
  const mine = named !== null && own.length === 0 ? [{ contract: named, takes: (key: string) => !takenBy(others, key) }] : own
  const isCarried = (one: CompiledContract) => mine.some(({ contract }) => contract === one)
  const mayBeOthers = contracts.some((one) => ofAnnounced(one.contract) === undefined && !isCarried(one))
  return { mine, leaves: (key) => takenBy(others, key) || (mayBeOthers && !takenBy(mine, key)) }
}
