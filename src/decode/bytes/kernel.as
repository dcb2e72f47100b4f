/**
 * The walk over a record's bytes in WebAssembly, with SIMD: the same as `ByteWalker`, for what most records are made of. What is not handled
 * here (masked values, JSON columns, fractions, …) is handed to the `ByteWalker` value by value, and what is odd in any way makes the record
 * its whole business: a position of -1 means so, wherever a position is returned.
 *
 * `scalar/kernel.ts` is its twin for machines without SIMD, function by function: what changes here changes there.
 *
 * AssemblyScript, compiled by test/build-kernel.ts. Everything lies in one memory at fixed addresses, see memory.ts: the page with its
 * bitmaps, the keys and nodes of the plan, and the `LeafStore` that is filled. Positions are addresses, since the page begins at 0.
 */

/** Has a value read by the ByteWalker. @returns the position behind it */
@external("js", "value") declare function handOver(node: i32, at: i32, escaped: i32, repetition: i32): i32
/** Finds a key of an object, learns it if it is new, and expects it from now on behind `before`. @returns the key; `after` is behind its colon */
@external("js", "find") declare function find(node: i32, before: i32, at: i32, escaped: i32): i32
/** Finds, or makes, the keyed hash of a text. @returns the number of its digest */
@external("js", "hash") declare function hash(start: i32, end: i32): i32
/** Makes room in a leaf: for entries (0), values (1), or a text of so many bytes (2). @returns 0: there is none left */
@external("js", "grow") declare function grow(leaf: i32, what: i32, least: i32): i32

// Addresses: memory.ts has the same.
@inline const SPECIAL: usize = 0x600000
@inline const OUTER: usize = 0x6c0000
@inline const CELLS: usize = 0x780000
@inline const TALLIES: usize = 0x780100
@inline const ENTRIES: usize = 0x800000
@inline const WIDE: usize = 0x900000
@inline const NARROW: usize = 0xa00000
@inline const NODES: usize = 0xa40000
@inline const SEEN: usize = 0xb40000
@inline const DECLARED: usize = 0xb60000
@inline const STATE: usize = 0xb80000
@inline const DIGESTS: i32 = 0x2e00000

// Cells: behind the last key, number of the last object, number of tallies, the limit of depth.
@inline const AFTER: usize = 0
@inline const OBJECTS: usize = 4
@inline const TALLIED: usize = 8
@inline const MAX_DEPTH: usize = 12
/** 1: sensitive texts are hashed; 0: there is no key, and they become null. */
@inline const HASHES: usize = 20
/** 1: unknown members are tallied like those that are left out; 0: the ByteWalker counts them. */
@inline const TALLIES_DRIFT: usize = 16
/** Elements of all lists of the record; more are too many, see run.ts. */
@inline const ELEMENTS: usize = 24
@inline const MOST_ELEMENTS: i32 = 200000
/** How many lists are open, and the index reached in each: what paths of rescued values are made with. */
@inline const OPEN_LISTS: usize = 28
@inline const INDEXES: usize = 32
/** What is known of all keys of fields, together: of use is the bit that says of one that it is in another case. */
@inline const KEYS_TOGETHER: usize = 160
@inline const MOST_LISTS: i32 = 32
/** As many levels as bits say of what kind they are, see `skipBelow`. */
@inline const MOST_LEVELS: i32 = 60
@inline const MAX_TALLIES: i32 = 0x1f00
/** Room for a text without its escape sequences, and for where the keys of an object stand whose keys are data. */
@inline const SCRATCH: i32 = 0x790000
@inline const SCRATCH_END: i32 = 0x7e0000
/** Keys by where they were met, see `known`: pairs of a key, plus 1, and its object's node, four of them in a row. */
@inline const KNOWN: i32 = 0x7e0000
@inline const KNOWN_MASK: i32 = 0xffe0
@inline const KEYS: i32 = 0x7f0000
@inline const MOST_KEYS: i32 = 32
/** 1 for each byte that the first letter of a drop rule's text may be. */
@inline const RULE_LETTERS: i32 = 0x7f1000
/** Powers of ten as floats, 10⁰ to 10²². */
@inline const POWERS: usize = 0x788000

@inline const NULL: i32 = 0x6c6c756e
@inline const TRUE: i32 = 0x65757274
@inline const ALSE: i32 = 0x65736c61
@inline const ESCAPED_QUOTE: i32 = 0x225c

@inline function cell(which: usize): i32 { return load<i32>(CELLS + which) }
@inline function byte(at: i32): i32 { return load<u8>(at) }
@inline function word(at: i32): i32 { return load<i32>(at) }
@inline function isFalse(at: i32): bool { return byte(at) == 102 && word(at + 1) == ALSE }

/** A bit for each of 64 bytes. */
@inline function bits(a: v128, b: v128, c: v128, d: v128): u64 {
  const low = i8x16.bitmask(a) | (i8x16.bitmask(b) << 16)
  const high = i8x16.bitmask(c) | (i8x16.bitmask(d) << 16)
  return u64(u32(low)) | (u64(u32(high)) << 32)
}

/** Letters that may stand behind a backslash. */
@inline function oneLetter(bytes: v128): v128 {
  return v128.or(
    v128.or(
      v128.or(i8x16.eq(bytes, i8x16.splat(110)), i8x16.eq(bytes, i8x16.splat(116))),
      v128.or(i8x16.eq(bytes, i8x16.splat(114)), i8x16.eq(bytes, i8x16.splat(47)))
    ),
    v128.or(i8x16.eq(bytes, i8x16.splat(98)), i8x16.eq(bytes, i8x16.splat(102)))
  )
}

/**
 * Marks the bytes of the page `[0, end)`, a multiple of 64, in two bitmaps. Special ones: `"`, `\` and everything below 0x20, at which a plain
 * run inside of a string ends. Outer ones: quotation marks that are not escaped, at which a string of the record itself ends, and what has to
 * be looked at on the way there: control characters, and escape sequences that are not of one letter.
 */
export function mark(end: i32): void {
  const quote = i8x16.splat(34), backslash = i8x16.splat(92), control = i8x16.splat(32)
  let previous: u64 = 0
  for (let at = 0; at < end; at += 64) {
    const a = v128.load(at), b = v128.load(at, 16), c = v128.load(at, 32), d = v128.load(at, 48)
    const quotes = bits(i8x16.eq(a, quote), i8x16.eq(b, quote), i8x16.eq(c, quote), i8x16.eq(d, quote))
    const backslashes = bits(i8x16.eq(a, backslash), i8x16.eq(b, backslash), i8x16.eq(c, backslash), i8x16.eq(d, backslash))
    const controls = bits(i8x16.lt_u(a, control), i8x16.lt_u(b, control), i8x16.lt_u(c, control), i8x16.lt_u(d, control))
    store<u64>(SPECIAL + (at >> 3), quotes | backslashes | controls)
    if ((backslashes | previous) == 0) {
      store<u64>(OUTER + (at >> 3), quotes | controls)
      continue
    }
    // Which bytes stand behind an odd number of backslashes: runs that begin at an odd place are carried through by an addition
    // (Langdale and Lemire, "Parsing Gigabytes of JSON per Second", 3.1.1).
    const even: u64 = 0x5555555555555555
    const starts = backslashes & ~previous
    const follows = (starts << 1) | previous
    const odd = starts & ~even & ~follows
    const sum = odd + starts
    previous = u64(sum < odd)
    const escaped = (even ^ (sum << 1)) & follows
    let others = escaped & ~quotes & ~backslashes
    if (others != 0) {
      const letters = bits(oneLetter(a), oneLetter(b), oneLetter(c), oneLetter(d))
      others &= ~letters
    }
    store<u64>(OUTER + (at >> 3), (quotes & ~escaped) | controls | others)
  }
}

/** The next byte that a bitmap marks, from `at` on. There always is one: zeros follow the page. */
@inline function next(bitmap: usize, at: i32): i32 {
  let from = (at >> 3) & ~7
  let bits = load<u64>(bitmap + from) >> (at & 63)
  if (bits != 0) return at + i32(ctz(bits))
  do {
    from += 8
    bits = load<u64>(bitmap + from)
  } while (bits == 0)
  return (from << 3) + i32(ctz(bits))
}

@inline function past(at: i32, escaped: i32): i32 {
  return byte(at) <= 32 ? blanks(at, escaped) : at
}

function blanks(at: i32, escaped: i32): i32 {
  let c = byte(at)
  while (c == 32 || (escaped == 0 && (c == 10 || c == 13 || c == 9))) c = byte(++at)
  return at
}

@inline function opens(at: i32, escaped: i32): bool {
  return escaped == 0 ? byte(at) == 34 : (word(at) & 0xffff) == ESCAPED_QUOTE
}

function isHex(c: i32): bool {
  return (c >= 48 && c <= 57) || ((c | 32) >= 97 && (c | 32) <= 102)
}

function hex(at: i32): i32 {
  let unit = 0
  for (let i = 0; i < 4; i++) {
    const c = byte(at + i)
    if (!isHex(c)) return -1
    unit = (unit << 4) + (c <= 57 ? c - 48 : (c | 32) - 87)
  }
  return unit
}

function isLetter(c: i32): bool {
  return c == 34 || c == 92 || c == 47 || c == 98 || c == 102 || c == 110 || c == 114 || c == 116
}

/** Length of the escape sequence at `at`; 0: it is none. */
function escapeLength(at: i32, escaped: i32): i32 {
  if (byte(at) != 92) return 0
  const c = byte(at + 1)
  if (escaped == 0) {
    if (c == 117) return hex(at + 2) < 0 ? 0 : 6
    return isLetter(c) ? 2 : 0
  }
  if (c == 92) {
    const inner = byte(at + 2)
    if (inner == 117) return hex(at + 3) < 0 ? 0 : 7
    if (inner == 92) {
      const outer = byte(at + 3)
      return outer == 34 || outer == 92 || outer == 47 ? 4 : 0
    }
    return inner != 34 && isLetter(inner) ? 3 : 0
  }
  if (c == 117) {
    const unit = hex(at + 2)
    return unit < 32 || unit == 34 || unit == 92 ? 0 : 6
  }
  return c == 47 ? 2 : 0
}

/** The same as `skipString`, made a part of where it is called. */
@inline function behindString(start: i32, escaped: i32): i32 {
  const end = next(SPECIAL, start)
  return opens(end, escaped) ? end + 1 + escaped : skipString(end, escaped)
}

/** Behind the string of whose content the part from `at` on is left. */
function skipString(at: i32, escaped: i32): i32 {
  if (escaped == 0) {
    const end = next(OUTER, at)
    if (byte(end) == 34) return end + 1
  }
  while (true) {
    const end = next(SPECIAL, at)
    if (opens(end, escaped)) return end + 1 + escaped
    const length = escapeLength(end, escaped)
    if (length == 0) return -1
    at = end + length
  }
}

function skipNumber(at: i32): i32 {
  if (byte(at) == 45) at++
  let c = byte(at++)
  if (c < 48 || c > 57) return -1
  const isZero = c == 48
  c = byte(at)
  if (!isZero) while (c >= 48 && c <= 57) c = byte(++at)
  if (c == 46) {
    const from = at
    for (c = byte(++at); c >= 48 && c <= 57; c = byte(++at)) { }
    if (at == from + 1) return -1
  }
  if ((c | 32) == 101) {
    c = byte(++at)
    if (c == 43 || c == 45) c = byte(++at)
    if (c < 48 || c > 57) return -1
    while (c >= 48 && c <= 57) c = byte(++at)
  }
  return at
}

/** Behind the value at `at`, whatever it is. */
function skip(at: i32, escaped: i32, depth: i32): i32 {
  const c = byte(at)
  if (c == 123 || c == 91) return skipBelow(at + 1, escaped, depth, c)
  if (c == 34 || c == 92) return opens(at, escaped) ? skipString(at + 1 + escaped, escaped) : -1
  if (c == 110 && word(at) == NULL) return at + 4
  if (c == 116 && word(at) == TRUE) return at + 4
  if (c == 102 && isFalse(at)) return at + 5
  return skipNumber(at)
}

/**
 * Behind the rest of an object (`open` is `{`) or of a list. One loop for all that is nested in it, without a call for each value: `objects` tells,
 * from its lowest bit up, which of the open ones are objects.
 */
function skipBelow(start: i32, escaped: i32, depth: i32, open: i32): i32 {
  const most = cell(MAX_DEPTH) - depth
  if (most < 0) return -1
  let objects: u64 = open == 123 ? 1 : 0
  let levels = 1
  let at = past(start, escaped)
  if (byte(at) == open + 2) return at + 1
  while (true) {
    if ((objects & 1) != 0) {
      if (!opens(at, escaped)) return -1
      at = behindString(at + 1 + escaped, escaped)
      if (at < 0) return -1
      at = past(at, escaped)
      if (byte(at) != 58) return -1
      at = past(at + 1, escaped)
    }
    let c = byte(at)
    if (c == 34 + 58 * escaped) {
      if (escaped == 1 && byte(at + 1) != 34) return -1
      at = behindString(at + 1 + escaped, escaped)
      if (at < 0) return -1
    } else if (c == 110 && word(at) == NULL) at += 4
    else if (c == 123 || c == 91) {
      if (levels > most) return -1
      if (levels == MOST_LEVELS) {
        at = skipBelow(at + 1, escaped, depth + levels, c)
        if (at < 0) return -1
      } else {
        at = past(at + 1, escaped)
        if (byte(at) != c + 2) {
          objects = (objects << 1) | u64(c == 123)
          levels++
          continue
        }
        at++
      }
    } else if (c == 116 && word(at) == TRUE) at += 4
    else if (c == 102 && isFalse(at)) at += 5
    else {
      at = skipNumber(at)
      if (at < 0) return -1
    }
    while (true) {
      at = past(at, escaped)
      c = byte(at++)
      if (c == 44) break
      if (c != ((objects & 1) != 0 ? 125 : 93)) return -1
      levels--
      if (levels == 0) return at
      objects >>= 1
    }
    at = past(at, escaped)
  }
}

// --- leaves, see leaf-store.ts: levels 0, capacity 4, definition 8, repetition 12, count 16, values 20, valueCapacity 24, text 28,
// textLength 32, textCapacity 36, markLevels 40, markCount 44, markText 48, maxDefinition 52

@inline function addLevel(leaf: i32, definition: i32, repetition: i32): bool {
  const s = STATE + (leaf << 6)
  const at = load<i32>(s)
  if (at == load<i32>(s, 4) && grow(leaf, 0, 0) == 0) return false
  store<u8>(load<i32>(s, 8) + at, definition)
  const repetitions = load<i32>(s, 12)
  if (repetitions >= 0) store<u8>(repetitions + at, repetition)
  store<i32>(s, at + 1)
  return true
}

function addNulls(first: i32, end: i32, definition: i32, repetition: i32): bool {
  for (let leaf = first; leaf < end; leaf++) if (!addLevel(leaf, definition, repetition)) return false
  return true
}

/** Makes an entry with a value. @returns the value's index in units of its width; -1: no room */
@inline function addEntry(leaf: i32, repetition: i32): i32 {
  const s = STATE + (leaf << 6)
  if (!addLevel(leaf, load<i32>(s, 52), repetition)) return -1
  const at = load<i32>(s, 16)
  if (at == load<i32>(s, 24) && grow(leaf, 1, 0) == 0) return -1
  store<i32>(s, at + 1, 16)
  return load<i32>(s, 20) + at
}

function addBytes(leaf: i32, repetition: i32, start: i32, end: i32): bool {
  const s = STATE + (leaf << 6)
  const from = load<i32>(s, 32)
  const to = from + end - start
  if (to + 16 > load<i32>(s, 36) && grow(leaf, 2, to + 16) == 0) return false
  const value = addEntry(leaf, repetition)
  if (value < 0) return false
  store<i32>(value << 2, to)
  store<i32>(s, to, 32)
  // Vectors are copied, the last of which may go over the end.
  for (let target = load<i32>(s, 28) + from; start < end; start += 16, target += 16) v128.store(target, v128.load(start))
  return true
}

// --- the walk. Nodes, see nodes.ts: kind 0, mask 4, level 8, lists 12, first 16, end 20, depth 24, nullText 28, firstKey 32, element 36,
// declared 40, declaredCount 44, scale 48, column 52, isPlain 56. Keys, see keys.ts: first 0, length 4, next 8, meaning 12, about 16, leaf 20,
// end 24, hash 28.

@inline function matches(key: i32, at: i32): bool {
  const e = ENTRIES + (key << 5)
  const length = load<i32>(e, 4)
  if (length < 8) {
    const pattern = NARROW + (load<i32>(e) << 2)
    return word(at) == load<i32>(pattern) && word(at + length - 4) == load<i32>(pattern, 4)
  }
  let pattern = WIDE + (load<i32>(e) << 3)
  const last = at + length - 8
  for (; at < last; at += 8, pattern += 8) if (load<i64>(at) != load<i64>(pattern)) return false
  return load<i64>(last) == load<i64>(pattern)
}

/** Where keys of a hash may be in `KNOWN`. */
@inline function rowOf(node: i32, at: i32, length: i32): i32 {
  const first = length < 8 ? u64(u32(word(at))) : load<u64>(at)
  const last = length < 8 ? u64(u32(word(at + length - 4))) : load<u64>(at + length - 8)
  const hash = ((first * 0x9e3779b97f4a7c15) ^ last ^ (u64(node) << 32)) * 0xff51afd7ed558ccd
  return KNOWN + (i32(hash >> 40) & KNOWN_MASK)
}

/** The key at `at`, if it was met before in an object of the node and no blank stands before its colon: -1 if not. */
function known(node: i32, at: i32, escaped: i32): i32 {
  if (!opens(at, escaped)) return -1
  const end = next(SPECIAL, at + 1 + escaped)
  if (!opens(end, escaped) || byte(end + 1 + escaped) != 58) return -1
  const length = end - at + 2 + escaped
  const row = rowOf(node, at, length)
  for (let pair = row; pair < row + 32; pair += 8) {
    const key = load<i32>(pair) - 1
    if (key < 0) return -1
    if (load<i32>(pair, 4) == node && load<i32>(ENTRIES + (key << 5), 4) == length && matches(key, at)) return key
  }
  return -1
}

/** Remembers where a key was met that stands at `at` as its pattern does. */
function know(key: i32, node: i32, at: i32): void {
  const row = rowOf(node, at, load<i32>(ENTRIES + (key << 5), 4))
  let pair = row
  while (pair < row + 24 && load<i32>(pair) != 0) pair += 8
  store<i32>(pair, key + 1)
  store<i32>(pair, node, 4)
}

/**
 * Finds the key of an object that was not the predicted one, which is then the one that is expected behind `before` (-1: first). Exported, so that
 * the compiler does not make it a part of `struct`, which is slower for it.
 */
export function findKey(node: i32, before: i32, at: i32, escaped: i32): i32 {
  const key = known(node, at, escaped)
  if (key < 0) {
    const found = find(node, before, at, escaped)
    if (found >= 0 && byte(at) == 34 + 58 * escaped && matches(found, at)) know(found, node, at)
    return found
  }
  store<i32>(CELLS + AFTER, at + load<i32>(ENTRIES + (key << 5), 4))
  if (before < 0) store<i32>(NODES + (node << 6) + 32, key)
  else store<i32>(ENTRIES + (before << 5) + 8, key)
  return key
}

@inline function field(node: i32, which: usize): i32 {
  return load<i32>(NODES + (node << 6) + which)
}

function struct(node: i32, start: i32, escaped: i32, repetition: i32): i32 {
  const depth = field(node, 24)
  const object = cell(OBJECTS) + 1
  store<i32>(CELLS + OBJECTS, object)
  let found = 0
  let before = -1
  let all = 0
  let at = past(start, escaped)
  if (byte(at) == 125) {
    if (depth == 1) return -1
    at++
  } else
    while (true) {
      let key = before < 0 ? field(node, 32) : load<i32>(ENTRIES + (before << 5), 8)
      // A key is known by its pattern in one of two ways of quoting: it has to be the one that stands here.
      if (key >= 0 && byte(at) == 34 + 58 * escaped && matches(key, at)) at += load<i32>(ENTRIES + (key << 5), 4)
      else {
        key = findKey(node, before, at, escaped)
        if (key < 0) return -1
        at = past(cell(AFTER), escaped)
      }
      before = key
      const e = ENTRIES + (key << 5)
      const member = load<i32>(e, 12)
      const seen = SEEN + (member << 2)
      if (load<i32>(seen) == object) return -1
      store<i32>(seen, object)
      const about = load<i32>(e, 16)
      const kind = about & 255
      all |= about
      if (kind < 12) {
        found++
        const first = word(at)
        if (first == NULL && kind != 0) {
          if (!addNulls(load<i32>(e, 20), load<i32>(e, 24), about >>> 16, repetition)) return -1
          at += 4
        } else {
          const end = (about & 256) != 0 ? plain(kind, load<i32>(e, 20), first, at, escaped, repetition) : 0
          // Below 0 there was no room, and a part may have been added: that is never tried again.
          at = end != 0 ? end : value(member, past(at, escaped), escaped, repetition)
          if (at < 0) return -1
        }
      } else {
        at = past(at, escaped)
        if (kind == 12 || cell(TALLIES_DRIFT) != 0) {
          if (!tally(member)) return -1
        } else if (handOver(member, at, escaped, repetition) < 0) return -1
        at = skip(at, escaped, depth + 1)
        if (at < 0) return -1
      }
      let c = byte(at++)
      if (c == 44) continue
      if (c == 125) break
      at = past(at - 1, escaped)
      c = byte(at++)
      if (c == 125) break
      if (c != 44) return -1
    }
  store<i32>(CELLS + KEYS_TOGETHER, cell(KEYS_TOGETHER) | all)
  const count = field(node, 44)
  if (found < count) {
    const declared = DECLARED + (field(node, 40) << 2)
    for (let i = 0; i < count; i++) {
      const member = load<i32>(declared + (i << 2))
      if (load<i32>(SEEN + (member << 2)) != object && !addNulls(field(member, 16), field(member, 20), field(member, 8), repetition)) return -1
    }
  }
  return at
}

@inline function countElement(): bool {
  const count = cell(ELEMENTS) + 1
  store<i32>(CELLS + ELEMENTS, count)
  return count <= MOST_ELEMENTS
}

function list(node: i32, start: i32, escaped: i32, repetition: i32): i32 {
  let at = past(start, escaped)
  if (byte(at) == 93) return addNulls(field(node, 16), field(node, 20), field(node, 8) + 1, repetition) ? at + 1 : -1
  const element = field(node, 36)
  const lists = field(node, 12)
  const open = cell(OPEN_LISTS)
  if (open >= MOST_LISTS) return -1
  store<i32>(CELLS + OPEN_LISTS, open + 1)
  const index = CELLS + INDEXES + (open << 2)
  let repeated = repetition
  store<i32>(index, 0)
  while (true) {
    if (!countElement()) return -1
    at = value(element, at, escaped, repeated)
    if (at < 0) return -1
    repeated = lists + 1
    at = past(at, escaped)
    const c = byte(at++)
    if (c == 93) {
      store<i32>(CELLS + OPEN_LISTS, open)
      return at
    }
    if (c != 44) return -1
    at = past(at, escaped)
    store<i32>(index, load<i32>(index) + 1)
  }
}

function tally(node: i32): bool {
  const tallied = cell(TALLIED)
  if (tallied >= MAX_TALLIES) return false
  store<i32>(TALLIES + (tallied << 2), node)
  store<i32>(CELLS + TALLIED, tallied + 1)
  return true
}

@inline function addNull(node: i32, repetition: i32): bool {
  return addLevel(field(node, 16), field(node, 8), repetition)
}

function value(node: i32, at: i32, escaped: i32, repetition: i32): i32 {
  const kind = field(node, 0)
  const first = word(at)
  if (first == NULL && kind != 0) return addNulls(field(node, 16), field(node, 20), field(node, 8), repetition) ? at + 4 : -1
  const c = first & 255
  if (kind == 9) {
    if (c == 123) return struct(node, at + 1, escaped, repetition)
  } else if (kind == 10 || kind == 11) {
    if (c == 91) return list(node, at + 1, escaped, repetition)
    if (c == 123 && kind == 11) {
      const end = entries(node, at + 1, escaped, repetition)
      return end != 0 ? end : handOver(node, at, escaped, repetition)
    }
  } else {
    let end = field(node, 56) != 0 ? plain(kind, field(node, 16), first, at, escaped, repetition) : 0
    if (end == 0) end = leaf(kind, node, at, escaped, repetition)
    return end != 0 ? end : handOver(node, at, escaped, repetition)
  }
  if (c != 34 || escaped != 0) return handOver(node, at, escaped, repetition)
  // A document that stands as text. Most of what checkout sends does.
  const inner = past(at + 1, 1)
  const opening = byte(inner)
  let end = inner
  if (opening == 34 || word(inner) == NULL) {
    if (opening != 34) end += 4
    if (!addNulls(field(node, 16), field(node, 20), field(node, 8), repetition)) return -1
  } else if (opening == 123 && kind == 9) end = struct(node, inner + 1, 1, repetition)
  else if (opening == 91 && kind != 9) end = list(node, inner + 1, 1, repetition)
  else return handOver(node, at, escaped, repetition)
  if (end < 0) return -1
  end = past(end, 1)
  return byte(end) == 34 ? end + 1 : -1
}

// --- leaves that are not plain. 0: it is the ByteWalker's, and nothing has been added.

function leaf(kind: i32, node: i32, at: i32, escaped: i32, repetition: i32): i32 {
  const mask = field(node, 4)
  if (kind == 0 || kind > 8 || (mask == 1 && kind != 1)) return 0
  if (kind == 8) return json(node, mask, at, escaped, repetition)
  const isText = opens(at, escaped)
  if (kind == 1) {
    if (isText) {
      const start = at + 1 + escaped
      const end = next(SPECIAL, start)
      if (!opens(end, escaped)) return escapedText(node, mask, start, end, escaped, repetition)
      if (end - start == 4 && word(start) == NULL && field(node, 28) != 0) return nullText(node, repetition) ? end + 1 + escaped : -1
      return addText(node, mask, start, end, repetition) ? end + 1 + escaped : -1
    }
    const c = byte(at)
    if (c == 123 || c == 91 || c == 34 || c == 92 || mask == 1) return 0
    const end = skip(at, escaped, 0)
    if (end < 0) return -1
    return addText(node, mask, at, end, repetition) ? end : -1
  }
  const from = isText ? at + 1 + escaped : at
  if (isText) {
    const isNull = word(from) == NULL
    const close = isNull ? from + 4 : from
    if (opens(close, escaped)) return addNull(node, repetition) ? close + 1 + escaped : -1
  }
  let end = 0
  if (kind == 5) end = mask == 0 ? boolean(node, from, isText, escaped, repetition) : 0
  else if (kind == 7) end = mask == 0 && isText ? timestamp(node, from, escaped, repetition) : 0
  else if (kind >= 2 && kind <= 6) end = number(kind, node, mask, from, isText, escaped, repetition)
  return end > 0 && isText ? end + 1 + escaped : end
}

/** A text that says `null` where that is null. */
function nullText(node: i32, repetition: i32): bool {
  return tally(field(node, 28)) && addNull(node, repetition)
}

function addText(node: i32, mask: i32, start: i32, end: i32, repetition: i32): bool {
  if (mask == 0) return addBytes(field(node, 16), repetition, start, end)
  if (!tally(node)) return false
  if (mask == 2 || cell(HASHES) == 0) return addNull(node, repetition)
  const digest = DIGESTS + (hash(start, end) << 6)
  return addBytes(field(node, 16), repetition, digest, digest + 64)
}

/** What the escape sequence at `at`, of a length that `escapeLength` gave, stands for: a code unit. */
function unitAt(at: i32, escaped: i32, length: i32): i32 {
  if (length >= 6) return hex(at + length - 4)
  const c = byte(at + length - 1)
  return c == 98 ? 8 : c == 102 ? 12 : c == 110 ? 10 : c == 114 ? 13 : c == 116 ? 9 : c
}

/** A text with escape sequences, the first of them at `special`. */
function escapedText(node: i32, mask: i32, start: i32, special: i32, escaped: i32, repetition: i32): i32 {
  let from = start
  let end = special
  let to = SCRATCH
  while (true) {
    if (to + (end - from) + 32 > SCRATCH_END) return 0
    for (let i = from, target = to; i < end; i += 16, target += 16) v128.store(target, v128.load(i))
    to += end - from
    if (opens(end, escaped)) break
    let length = escapeLength(end, escaped)
    if (length == 0) return -1
    let code = unitAt(end, escaped, length)
    if ((code & 0xf800) == 0xd800) {
      const second = code < 0xdc00 ? escapeLength(end + length, escaped) : 0
      const low = second == 0 ? 0 : unitAt(end + length, escaped, second)
      // Half a pair is not text: the definition says what becomes of it.
      if ((low & 0xfc00) != 0xdc00) return 0
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00)
      length += second
    }
    if (code < 0x80) store<u8>(to++, code)
    else if (code < 0x800) {
      store<u8>(to++, 0xc0 | (code >> 6))
      store<u8>(to++, 0x80 | (code & 63))
    } else if (code < 0x10000) {
      store<u8>(to++, 0xe0 | (code >> 12))
      store<u8>(to++, 0x80 | ((code >> 6) & 63))
      store<u8>(to++, 0x80 | (code & 63))
    } else {
      store<u8>(to++, 0xf0 | (code >> 18))
      store<u8>(to++, 0x80 | ((code >> 12) & 63))
      store<u8>(to++, 0x80 | ((code >> 6) & 63))
      store<u8>(to++, 0x80 | (code & 63))
    }
    from = end + length
    end = next(SPECIAL, from)
  }
  if (to - SCRATCH == 4 && word(SCRATCH) == NULL && field(node, 28) != 0) return nullText(node, repetition) ? end + 1 + escaped : -1
  return addText(node, mask, SCRATCH, to, repetition) ? end + 1 + escaped : -1
}

/** An object whose keys are data: each member is an element with key and value. 0: its keys have to be looked at more closely. */
function entries(node: i32, start: i32, escaped: i32, repetition: i32): i32 {
  if (field(node, 4) != 0) return 0
  const pair = DECLARED + (field(field(node, 36), 40) << 2)
  const keyLeaf = field(load<i32>(pair), 16)
  const valueNode = load<i32>(pair + 4)
  // First a look at the keys, before anything is added.
  let count = 0
  let at = past(start, escaped)
  if (byte(at) == 125) return addNulls(field(node, 16), field(node, 20), field(node, 8) + 1, repetition) ? at + 1 : -1
  while (true) {
    if (!opens(at, escaped) || count == MOST_KEYS) return 0
    const from = at + 1 + escaped
    const to = next(SPECIAL, from)
    if (!opens(to, escaped)) return 0
    for (let i = from; i < to; i++) if (load<u8>(RULE_LETTERS + byte(i)) != 0) return 0
    for (let i = 0; i < count; i++) {
      const other = load<i32>(KEYS + (i << 3))
      if (load<i32>(KEYS + (i << 3) + 4) - other == to - from && memory.compare(other, from, to - from) == 0) return 0
    }
    store<i32>(KEYS + (count << 3), from)
    store<i32>(KEYS + (count << 3) + 4, to)
    count++
    at = past(to + 1 + escaped, escaped)
    if (byte(at) != 58) return 0
    at = skip(past(at + 1, escaped), escaped, field(node, 24) + 1)
    if (at < 0) return -1
    at = past(at, escaped)
    const c = byte(at++)
    if (c == 125) break
    if (c != 44) return -1
    at = past(at, escaped)
  }
  const open = cell(OPEN_LISTS)
  if (open >= MOST_LISTS) return -1
  store<i32>(CELLS + OPEN_LISTS, open + 1)
  const index = CELLS + INDEXES + (open << 2)
  let repeated = repetition
  at = past(start, escaped)
  for (let i = 0; i < count; i++) {
    store<i32>(index, i)
    if (!countElement()) return -1
    const from = at + 1 + escaped
    const to = next(SPECIAL, from)
    if (!addBytes(keyLeaf, repeated, from, to)) return -1
    at = past(past(to + 1 + escaped, escaped) + 1, escaped)
    at = value(valueNode, at, escaped, repeated)
    if (at < 0) return -1
    repeated = field(node, 12) + 1
    at = past(past(at, escaped) + 1, escaped)
  }
  store<i32>(CELLS + OPEN_LISTS, open)
  // Behind the brace blanks have been passed over, too, which is as well.
  return at
}

function boolean(node: i32, from: i32, isText: bool, escaped: i32, repetition: i32): i32 {
  const isTrue = word(from) == TRUE
  if (!isTrue && !isFalse(from)) return 0
  const end = isTrue ? from + 4 : from + 5
  if (isText && !opens(end, escaped)) return 0
  const place = addEntry(field(node, 16), repetition)
  if (place < 0) return -1
  store<u8>(place, isTrue ? 1 : 0)
  return end
}

function number(kind: i32, node: i32, mask: i32, from: i32, isText: bool, escaped: i32, repetition: i32): i32 {
  let at = from
  const negative = byte(at) == 45
  if (negative) at++
  let c = byte(at++)
  if (c < 48 || c > 57) return 0
  let mantissa: i64 = c - 48
  let digits = 1
  const isZero = c == 48
  c = byte(at)
  if (!isZero)
    for (; c >= 48 && c <= 57; c = byte(++at)) {
      mantissa = mantissa * 10 + (c - 48)
      digits++
    }
  let fraction = 0
  if (c == 46) {
    for (c = byte(++at); c >= 48 && c <= 57; c = byte(++at)) {
      mantissa = mantissa * 10 + (c - 48)
      fraction++
    }
    if (fraction == 0) return 0
  }
  if ((c | 32) == 101 || (isText && !opens(at, escaped))) return 0
  digits += fraction
  if (digits > 15 && (kind != 4 || mask != 2 || digits > 300)) return 0
  if (kind == 6) {
    const missing = field(node, 48) - fraction
    if (missing < 0 || digits + missing > 15) return 0
    mantissa *= i64(load<f64>(POWERS + (missing << 3)))
    // The limit is a number of nines, which as a rule is far away.
    if (digits + missing > field(node, 32)) return 0
  } else if (kind != 4) {
    if (fraction > 0) return 0
    if (kind == 2 && mantissa > 2147483647) return 0
  }
  if (mask == 2) return tally(node) && addNull(node, repetition) ? at : -1
  const place = addEntry(field(node, 16), repetition)
  if (place < 0) return -1
  if (kind == 4) {
    const float = f64(mantissa) / load<f64>(POWERS + (fraction << 3))
    store<f64>(place << 3, negative ? -float : float)
  } else {
    const whole = negative ? -mantissa : mantissa
    if (field(node, 60) == 1) store<i32>(place << 2, i32(whole))
    else store<i64>(place << 3, whole)
  }
  return at
}

/** The number of two digits at `at`; 100 and more when they are none. */
@inline function two(at: i32): i32 {
  const tens = byte(at) - 48
  const ones = byte(at + 1) - 48
  return u32(tens) <= 9 && u32(ones) <= 9 ? tens * 10 + ones : 10000
}

function daysOf(month: i32, year: i32): i32 {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31
}

/** Of the form `2024-02-06T20:46:11.7010747+00:00`, see timestamp.ts. */
function timestamp(node: i32, from: i32, escaped: i32, repetition: i32): i32 {
  const end = next(SPECIAL, from)
  if (!opens(end, escaped) || end - from < 19) return 0
  if (byte(from + 4) != 45 || byte(from + 7) != 45 || byte(from + 13) != 58 || byte(from + 16) != 58) return 0
  const separator = byte(from + 10)
  if (separator != 84 && separator != 32) return 0
  const year = two(from) * 100 + two(from + 2)
  const month = two(from + 5)
  const day = two(from + 8)
  const hour = two(from + 11)
  const minute = two(from + 14)
  const second = two(from + 17)
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) return 0
  if (day > daysOf(month, year)) return 0
  let at = from + 19
  let micros: i64 = 0
  if (byte(at) == 46) {
    const start = ++at
    let unit: i64 = 100000
    for (let digit = byte(at) - 48; at < end && digit >= 0 && digit <= 9; digit = byte(++at) - 48) {
      micros += digit * unit
      unit /= 10
    }
    if (at == start) return 0
  }
  let offset = 0
  if (at < end) {
    const zone = byte(at)
    if (zone == 90 && at + 1 == end) at = end
    else if ((zone == 43 || zone == 45) && at + 6 == end && byte(at + 3) == 58) {
      const hours = two(at + 1)
      const minutes = two(at + 4)
      if (hours > 23 || minutes > 59) return 0
      offset = hours * 60 + minutes
      if (zone == 45) offset = -offset
    } else return 0
  }
  // Days since 1970 in the proleptic Gregorian calendar (Howard Hinnant, days_from_civil).
  const y = month <= 2 ? year - 1 : year
  const era = y / 400
  const yearOfEra = y - era * 400
  const dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
  const days = era * 146097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719468
  const seconds = i64(days) * 86400 + hour * 3600 + (minute - offset) * 60 + second
  const value = seconds * 1000000 + micros
  if (value <= -9000000000000000 || value >= 9000000000000000) return 0
  const place = addEntry(field(node, 16), repetition)
  if (place < 0) return -1
  store<i64>(place << 3, value)
  return end
}

/** Nothing, or an object or list without members. */
function json(node: i32, mask: i32, at: i32, escaped: i32, repetition: i32): i32 {
  let from = at
  let inner = escaped
  if (byte(at) == 34 && escaped == 0) {
    from = past(at + 1, 1)
    inner = 1
    const end = past(word(from) == NULL ? from + 4 : from, 1)
    if (byte(end) == 34) return addNull(node, repetition) ? end + 1 : -1
  }
  const two = word(from) & 0xffff
  if (two != 0x5d5b && two != 0x7d7b) return 0
  let end = from + 2
  if (inner != escaped) {
    end = past(end, 1)
    if (byte(end++) != 34) return 0
  }
  if (field(node, 24) > cell(MAX_DEPTH)) return 0
  return addText(node, mask, from, from + 2, repetition) ? end : -1
}

/** What most values are: texts without escape sequences, short whole numbers, true and false. 0: it is something else. */
@inline function plain(kind: i32, leaf: i32, first: i32, at: i32, escaped: i32, repetition: i32): i32 {
  const c = first & 255
  if (kind == 1) {
    if (escaped == 0 ? c != 34 : (first & 0xffff) != ESCAPED_QUOTE) return 0
    const start = at + 1 + escaped
    const end = next(SPECIAL, start)
    if (!opens(end, escaped)) return 0
    return addBytes(leaf, repetition, start, end) ? end + 1 + escaped : -1
  }
  if (kind == 5) {
    const isTrue = first == TRUE
    if (!isTrue && !isFalse(at)) return 0
    const place = addEntry(leaf, repetition)
    if (place < 0) return -1
    store<u8>(place, isTrue ? 1 : 0)
    return isTrue ? at + 4 : at + 5
  }
  if (c < 48 || c > 57) return 0
  let number = c - 48
  let end = at + 1
  let digit = byte(end) - 48
  if (number != 0)
    for (const most = at + 9; digit >= 0 && digit <= 9 && end < most; digit = byte(++end) - 48) number = number * 10 + digit
  // A comma, or the end of an object or a list.
  if (digit != -4 && digit != 77 && digit != 45) return 0
  const place = addEntry(leaf, repetition)
  if (place < 0) return -1
  if (kind == 2) store<i32>(place << 2, number)
  else store<i64>(place << 3, number)
  return end
}

/** Remembers that a row is complete in so many leaves. */
export function commit(leaves: i32): void {
  const end = STATE + (leaves << 6)
  for (let s = STATE; s < end; s += 64) {
    store<i32>(s, load<i32>(s), 40)
    store<i32>(s, load<i32>(s, 16), 44)
    store<i32>(s, load<i32>(s, 32), 48)
  }
}

/** Walks the record whose opening brace stands at `start`. @returns the position behind its closing one */
export function record(start: i32): i32 {
  return struct(0, start + 1, 0, 0)
}
