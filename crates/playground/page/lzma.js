// LZMA, as `xz --format=lzma` writes it: a third smaller than the formats that browsers unpack, and unpacked
// synchronously, so that the engine is ready when the page is. Follows Igor Pavlov's specification, which is in the
// public domain.

const TOP = 2 ** 24;

/** Unpacks the `size` bytes that `packed` holds. */
export function unlzma(packed, size) {
  const properties = packed[0];
  const lc = properties % 9, lp = Math.floor(properties / 9) % 5, pb = Math.floor(properties / 45);
  const out = new Uint8Array(size);
  let at = 14, to = 0, range = 0xffffffff, code = 0;
  for (let n = 0; n < 4; n += 1) code = ((code << 8) | packed[at++]) >>> 0;

  const chances = (count) => new Uint16Array(count).fill(1024);
  const normalise = () => {
    if (range < TOP) {
      range = (range << 8) >>> 0;
      code = ((code << 8) | packed[at++]) >>> 0;
    }
  };
  const bit = (table, index) => {
    const chance = table[index], bound = (range >>> 11) * chance;
    let found = 0;
    if (code < bound) {
      range = bound;
      table[index] = chance + ((2048 - chance) >>> 5);
    } else {
      range -= bound;
      code -= bound;
      table[index] = chance - (chance >>> 5);
      found = 1;
    }
    normalise();
    return found;
  };
  const plainBits = (count) => {
    let found = 0;
    for (let n = 0; n < count; n += 1) {
      range >>>= 1;
      const one = code >= range ? 1 : 0;
      if (one) code -= range;
      found = found * 2 + one;
      normalise();
    }
    return found;
  };
  const tree = (table, bits, from = 0) => {
    let index = 1;
    for (let n = 0; n < bits; n += 1) index = (index << 1) | bit(table, from + index);
    return index - (1 << bits);
  };
  const reverseTree = (table, bits, from) => {
    let index = 1, found = 0;
    for (let n = 0; n < bits; n += 1) {
      const one = bit(table, from + index);
      index = (index << 1) | one;
      found |= one << n;
    }
    return found;
  };
  const lengths = () => ({ choice: chances(2), low: chances(16 << 3), middle: chances(16 << 3), high: chances(256) });
  const length = (coder, state) => {
    if (!bit(coder.choice, 0)) return tree(coder.low, 3, state << 3);
    if (!bit(coder.choice, 1)) return 8 + tree(coder.middle, 3, state << 3);
    return 16 + tree(coder.high, 8);
  };

  const literals = chances(0x300 << (lc + lp));
  const isMatch = chances(12 << 4), isRepeat = chances(12), isRepeat0 = chances(12), isRepeat1 = chances(12);
  const isRepeat2 = chances(12), isRepeat0Long = chances(12 << 4);
  const slots = [0, 1, 2, 3].map(() => chances(64)), special = chances(128), align = chances(16);
  const matchLength = lengths(), repeatLength = lengths();
  let state = 0, [back0, back1, back2, back3] = [0, 0, 0, 0];

  while (to < size) {
    const place = to & ((1 << pb) - 1);
    if (!bit(isMatch, (state << 4) + place)) {
      const before = to > 0 ? out[to - 1] : 0;
      const from = 0x300 * (((to & ((1 << lp) - 1)) << lc) + (before >>> (8 - lc)));
      let symbol = 1;
      if (state >= 7) {
        let matched = out[to - back0 - 1];
        do {
          const wanted = (matched >>> 7) & 1;
          matched <<= 1;
          const found = bit(literals, from + ((1 + wanted) << 8) + symbol);
          symbol = (symbol << 1) | found;
          if (found !== wanted) break;
        } while (symbol < 0x100);
      }
      while (symbol < 0x100) symbol = (symbol << 1) | bit(literals, from + symbol);
      out[to++] = symbol & 0xff;
      state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
      continue;
    }
    let count;
    if (bit(isRepeat, state)) {
      if (!bit(isRepeat0, state)) {
        if (!bit(isRepeat0Long, (state << 4) + place)) {
          state = state < 7 ? 9 : 11;
          out[to] = out[to - back0 - 1];
          to += 1;
          continue;
        }
      } else if (!bit(isRepeat1, state)) [back0, back1] = [back1, back0];
      else if (!bit(isRepeat2, state)) [back0, back1, back2] = [back2, back0, back1];
      else [back0, back1, back2, back3] = [back3, back0, back1, back2];
      count = length(repeatLength, place);
      state = state < 7 ? 8 : 11;
    } else {
      [back1, back2, back3] = [back0, back1, back2];
      count = length(matchLength, place);
      state = state < 7 ? 7 : 10;
      const slot = tree(slots[Math.min(count, 3)], 6);
      if (slot < 4) back0 = slot;
      else {
        const bits = (slot >>> 1) - 1;
        back0 = (2 | (slot & 1)) * 2 ** bits;
        if (slot < 14) back0 += reverseTree(special, bits, back0 - slot);
        else back0 += plainBits(bits - 4) * 16 + reverseTree(align, 4, 0);
      }
      if (back0 === 0xffffffff) break;
    }
    for (let n = count + 2; n > 0 && to < size; n -= 1, to += 1) out[to] = out[to - back0 - 1];
  }
  return out;
}
