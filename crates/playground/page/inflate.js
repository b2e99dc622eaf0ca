// Raw DEFLATE (RFC 1951), so that the page may carry its engine packed and still start at once: the browser's own
// DecompressionStream answers only later.

const LENGTH_BASE = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const BACK_BASE = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577];
const BACK_BITS = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** Counts of codes by length, and symbols in the order of their codes. */
function huffman(lengths) {
  const counts = new Uint16Array(16);
  for (const length of lengths) counts[length] += 1;
  counts[0] = 0;
  const starts = new Uint16Array(16);
  for (let n = 1; n < 16; n += 1) starts[n] = starts[n - 1] + counts[n - 1];
  const symbols = new Uint16Array(lengths.length);
  lengths.forEach((length, symbol) => {
    if (length) symbols[starts[length]++] = symbol;
  });
  return { counts, symbols };
}

/** The bytes that `packed` holds, of which there are `size`. */
export function inflate(packed, size) {
  const out = new Uint8Array(size);
  let at = 0, to = 0, held = 0, count = 0;
  const bits = (wanted) => {
    while (count < wanted) {
      held |= packed[at++] << count;
      count += 8;
    }
    const value = held & ((1 << wanted) - 1);
    held >>>= wanted;
    count -= wanted;
    return value;
  };
  const symbol = ({ counts, symbols }) => {
    let code = 0, first = 0, index = 0;
    for (let length = 1; length < 16; length += 1) {
      code |= bits(1);
      const here = counts[length];
      if (code - here < first) return symbols[index + (code - first)];
      index += here;
      first = (first + here) << 1;
      code <<= 1;
    }
    throw new Error("inflate: no such code");
  };
  for (let last = 0; !last;) {
    last = bits(1);
    const kind = bits(2);
    if (kind === 0) {
      held = count = 0;
      const length = packed[at] | (packed[at + 1] << 8);
      at += 4;
      out.set(packed.subarray(at, at + length), to);
      at += length;
      to += length;
      continue;
    }
    let literal, back;
    if (kind === 1) {
      literal = huffman(Array.from({ length: 288 }, (_, n) => (n < 144 ? 8 : n < 256 ? 9 : n < 280 ? 7 : 8)));
      back = huffman(new Array(30).fill(5));
    } else {
      const literals = bits(5) + 257, backs = bits(5) + 1, codes = bits(4) + 4;
      const first = new Array(19).fill(0);
      for (let n = 0; n < codes; n += 1) first[ORDER[n]] = bits(3);
      const tree = huffman(first);
      const lengths = [];
      while (lengths.length < literals + backs) {
        const found = symbol(tree);
        if (found < 16) lengths.push(found);
        else {
          const repeated = found === 16 ? lengths[lengths.length - 1] : 0;
          let times = found === 16 ? 3 + bits(2) : found === 17 ? 3 + bits(3) : 11 + bits(7);
          while (times--) lengths.push(repeated);
        }
      }
      literal = huffman(lengths.slice(0, literals));
      back = huffman(lengths.slice(literals));
    }
    for (;;) {
      const found = symbol(literal);
      if (found < 256) out[to++] = found;
      else if (found === 256) break;
      else {
        const length = LENGTH_BASE[found - 257] + bits(LENGTH_BITS[found - 257]);
        const code = symbol(back);
        const from = to - BACK_BASE[code] - bits(BACK_BITS[code]);
        for (let n = 0; n < length; n += 1) out[to++] = out[from + n];
      }
    }
  }
  return out;
}
