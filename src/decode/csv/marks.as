/** Marks bytes in a bitmap, 64 at a time. AssemblyScript, compiled by test/build-kernel.ts; `marks.ts` has the same in TypeScript. */

@inline function bits(a: v128, b: v128, c: v128, d: v128): u64 {
  const low = i8x16.bitmask(a) | (i8x16.bitmask(b) << 16)
  const high = i8x16.bitmask(c) | (i8x16.bitmask(d) << 16)
  return u64(u32(low)) | (u64(u32(high)) << 32)
}

@inline function isOne(bytes: v128, first: v128, second: v128, third: v128): v128 {
  return v128.or(v128.or(i8x16.eq(bytes, first), i8x16.eq(bytes, second)), i8x16.eq(bytes, third))
}

/** Sets a bit of the bitmap at `map` for each byte of `[0, end)` that is one of three, and clears it for others. `end` is rounded up to a multiple of 64. */
export function mark(end: i32, map: i32, first: i32, second: i32, third: i32): void {
  const x = i8x16.splat(i8(first)), y = i8x16.splat(i8(second)), z = i8x16.splat(i8(third))
  for (let at = 0; at < end; at += 64) {
    const a = isOne(v128.load(at), x, y, z), b = isOne(v128.load(at, 16), x, y, z)
    const c = isOne(v128.load(at, 32), x, y, z), d = isOne(v128.load(at, 48), x, y, z)
    store<u64>(map + (at >> 3), bits(a, b, c, d))
  }
}
