/**
 * Which worker reads a shard, by rendezvous hashing: the one whose hash with the shard is highest. All workers come to the same answer without
 * speaking to each other, and one more worker takes shards from the others without moving any between them.
 *
 * @param shard name of the shard, as in positions
 * @param workers how many there are
 * @returns from 0
 */
export const ownerOf = (shard: string, workers: number): number => {
  let owner = 0
  let highest = -1
  for (let worker = 0; worker < workers; worker++) {
    const weight = hash(`${shard}/${worker}`)
    if (weight > highest) [owner, highest] = [worker, weight]
  }
  return owner
}

/** @param worker from 0 */
export const owns = (shard: string, workers: number, worker: number): boolean => ownerOf(shard, workers) === worker

/**
 * FNV-1a with MurmurHash3's finalizer, 32 bits, unsigned: names of shards differ in their last digits only, which FNV-1a alone does not carry
 * into the high bits.
 */
const hash = (text: string): number => {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
