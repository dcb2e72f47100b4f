import { isIP, isIPv4 } from "node:net"
import { remembered } from "./remembered.ts"

/**
 * The address of a client behind so many proxies that are ours: each of them adds to `X-Forwarded-For` whom it was called by, at its end. What stands further to the left the client
 * may have written itself. Null where there is no address.
 *
 * @param remote who holds the connection
 */
export const clientAddress = (remote: string, forwarded: string | undefined, trustedProxies: number): string | null => {
  if (trustedProxies === 0 || forwarded === undefined) return plainAddress(remote)
  const hops = [...forwarded.split(","), remote]
  // Fewer hops than proxies: the first there is.
  return plainAddress(hops[Math.max(0, hops.length - 1 - trustedProxies)] ?? "")
}

/** None is longer, with brackets, zone and port. */
const longestAddress = 128

/** An address without port, brackets and zone, IPv4 as such; null: it is none. */
export const plainAddress = remembered((text): string | null => {
  const bare = text.trim()
  if (bare.length > longestAddress) return null
  const [, bracketed] = /^\[([^\]]*)\](?::\d+)?$/.exec(bare) ?? []
  const [, beforePort] = /^([\d.]+):\d+$/.exec(bare) ?? []
  const address = (bracketed ?? beforePort ?? bare).replace(/%.*$/, "").toLowerCase()
  const [, mapped] = /^::ffff:([\d.]+)$/.exec(address) ?? []
  if (mapped !== undefined) return isIPv4(mapped) ? mapped : null
  return isIP(address) === 0 ? null : address
})

/** The network of an address: of IPv4 the first 24 bits, of IPv6 the first 48. */
export const networkOf = remembered((address): string => (isIPv4(address) ? address.replace(/\d+$/, "0") : firstGroups(address, 3)))

/** Whom an address is of: of IPv6 the first 64 bits, within which a client has as many addresses as it likes. */
export const holderOf = remembered((address): string => (isIPv4(address) ? address : firstGroups(address, 4)))

/** The beginning of an address of IPv6. */
const firstGroups = (address: string, count: number): string => {
  const [left = "", right] = address.split("::")
  const groups = (half: string): ReadonlyArray<string> => (half === "" ? [] : half.split(":"))
  const [before, behind] = [groups(left), groups(right ?? "")]
  // An address of IPv4 at the end stands for two groups.
  const missing = 8 - before.length - behind.length - (address.includes(".") ? 1 : 0)
  const all = right === undefined ? before : [...before, ...Array.from({ length: missing }, () => "0"), ...behind]
  return `${all
    .slice(0, count)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::`
}
