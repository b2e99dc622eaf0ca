"use strict";
// Columns of the embedded table: `at(row)` is the value of a row, null if there is none.
const decoded = (told) => {
  const text = told.bytes ? atob(told.bytes) : "";
  const bytes = new Uint8Array(text.length);
  for (let n = 0; n < text.length; n++) bytes[n] = text.charCodeAt(n);
  delete told.bytes;
  const levels = told.levels;
  const column = { name: told.name, text: told.text, levels, constant: told.kind === "one" || levels && !levels.length };
  const orNull = (v) => v === undefined || Number.isNaN(v) ? null : v;
  if (told.kind === "range") column.at = (row) => told.first + row;
  else if (told.kind === "one") {
    column.at = () => orNull(levels[0]);
    column.code = () => 0;
  } else if (told.kind === "doubles") {
    const doubles = new Float64Array(bytes.buffer);
    column.at = (row) => orNull(doubles[row]);
  } else if (told.kind === "halves") {
    // The upper halves of doubles.
    const halves = new Uint32Array(bytes.buffer);
    const double = new Float64Array(1);
    const upper = new Uint32Array(double.buffer);
    column.at = (row) => { upper[1] = halves[row]; return orNull(double[0]); };
  } else {
    const codes = { levels8: bytes, levels16: Uint16Array, levels32: Uint32Array }[told.kind];
    const all = codes === bytes ? bytes : new codes(bytes.buffer);
    column.at = (row) => orNull(levels[all[row]]);
    column.code = (row) => all[row];
  }
  return column;
};
// The column of a grid's key has levels, in whatever form it is embedded.
const withLevels = (column, rows) => {
  if (column.code) return column;
  const found = new Set();
  for (let row = 0; row < rows; row++) if (column.at(row) !== null) found.add(column.at(row));
  column.levels = [...found].sort((a, b) => a - b);
  const codes = new Map(column.levels.map((level, code) => [level, code]));
  column.code = (row) => codes.has(column.at(row)) ? codes.get(column.at(row)) : column.levels.length;
  return column;
};
const grouped = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, n >= 10000 ? "\u202f" : "");
const shown = (v, digits = 4) => {
  if (v === null) return "\u2013";
  if (typeof v === "string") return v;
  const size = Math.abs(v);
  if (v === 0) return "0";
  if (Number.isInteger(v) && size < 1e9) return v < 0 ? String(v) : grouped(v);
  return size < 1e-3 || size >= 1e5 ? v.toExponential(digits - 2).replace(/\.?0+e/, "e").replace("e+", "e")
    : String(+v.toPrecision(digits));
};
// Tests whether a filter accepts a value; undefined if the filter cannot be understood.
const filter = (asked, isText) => {
  const text = asked.trim();
  if (!text) return null;
  if (text === "none") return (v) => v === null;
  const [, sign, rest] = /^(<=|>=|!=|<|>|=)?\s*(.*)$/.exec(text);
  if (isText) {
    const wanted = rest.toLowerCase();
    if (sign === "=") return (v) => v !== null && v.toLowerCase() === wanted;
    if (sign === "!=") return (v) => v === null || v.toLowerCase() !== wanted;
    return (v) => v !== null && v.toLowerCase().includes(text.toLowerCase());
  }
  const number = (part) => part.trim() === "" ? NaN : Number(part.replace("\u2212", "-"));
  const range = rest.split("..");
  if (!sign && range.length === 2) {
    const [low, high] = [range[0].trim() === "" ? -Infinity : number(range[0]), range[1].trim() === "" ? Infinity : number(range[1])];
    return Number.isNaN(low + high) && !(low === -Infinity && high === Infinity) ? undefined : (v) => v !== null && v >= low && v <= high;
  }
  const x = number(rest);
  if (Number.isNaN(x)) return undefined;
  const tests = {
    "<": (v) => v < x, "<=": (v) => v <= x, ">": (v) => v > x, ">=": (v) => v >= x,
    "!=": (v) => v !== x, "=": (v) => v === x,
  };
  const test = tests[sign || "="];
  return (v) => v !== null && test(v);
};
const made = (name, attributes = {}, ...inside) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...inside);
  return element;
};
