// Axes: the place of a value from 0 to 1, and the numbers beside the axis.
const steps = (low, high, wanted) => {
  const rough = (high - low) / wanted;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * unit).find((s) => s >= rough * 0.75);
  const found = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + 1e-9 * step; n++) found.push(+(n * step).toPrecision(12));
  return found;
};
const power = (n) => n === 0 ? "1" : n === 1 ? "10" : "10" + String(n).replace(/./g, (c) => c === "-" ? "\u207b" : "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"[c]);
const linear = (low, high) => {
  if (!(high > low)) [low, high] = [low - (Math.abs(low) / 2 || 1), high + (Math.abs(high) / 2 || 1)];
  const place = (v) => (v - low) / (high - low);
  return { log: false, place, ticks: (wanted) => steps(low, high, wanted).map((v) => [place(v), shown(v)]) };
};
// With a strip for 0, since 0 is not a small number.
const logarithmic = (low, high, zero) => {
  let [from, to] = [Math.log10(low), Math.log10(high)];
  if (!(to > from)) [from, to] = [from - 0.5, to + 0.5];
  const strip = zero ? 0.12 : 0;
  const at = (exponent) => strip + (1 - strip) * (exponent - from) / (to - from);
  return {
    log: true,
    place: (v) => v === 0 ? (zero ? 0 : -1) : at(Math.log10(v)),
    ticks: (wanted) => {
      const [first, last] = [Math.ceil(from - 1e-9), Math.floor(to + 1e-9)];
      const every = Math.max(1, Math.ceil((last - first) / wanted));
      const found = zero ? [[0, "0"]] : [];
      for (let n = first; n <= last; n += every) found.push([at(n), power(n)]);
      // Over less than two powers of ten, the ends say more.
      return last - first < 1 ? [...found, ...[low, high].map((v) => [at(Math.log10(v)), shown(v)])] : found;
    },
  };
};
const fitting = (low, high) => low > 0 && high / low >= 50 ? logarithmic(low, high, false) : linear(low, high);
// Equal cells. The labels are round numbers if the levels are evenly spaced, otherwise some of the levels.
const cellular = (levels) => {
  const count = levels.length;
  const even = (values) => {
    const step = (values[count - 1] - values[0]) / (count - 1);
    return step > 0 && values.every((v, n) => Math.abs(v - values[0] - n * step) < 1e-3 * step);
  };
  return {
    count,
    place: (code) => (code + 0.5) / count,
    ticks: (wanted) => {
      if (count > wanted && typeof levels[0] === "number") {
        const [low, high] = [levels[0], levels[count - 1]];
        const scale = even(levels) ? linear(low, high)
          : low > 0 && high / low >= 100 && even(levels.map(Math.log)) ? logarithmic(low, high, false) : null;
        if (scale) return scale.ticks(wanted).map(([place, text]) => [(place * (count - 1) + 0.5) / count, text]);
      }
      const every = Math.ceil(count / wanted);
      return levels.flatMap((level, n) => n % every ? [] : [[(n + 0.5) / count, shown(level)]]);
    },
  };
};
