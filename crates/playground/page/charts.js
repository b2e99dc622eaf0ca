// Lines over steps.
import { colour } from "./network.js";

const MARGIN = { left: 50, right: 10, top: 8, bottom: 22 };
const POINTS = 700;

/** A number in few characters. */
export function short(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e5) return value.toExponential(1).replace("e+", "e").replace(".0e", "e");
  return String(Number(value.toPrecision(4)));
}

/** Round numbers between two, at most about `count`. */
export function ticks(low, high, count) {
  const raw = (high - low) / count, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * power).find((size) => size >= raw * 0.999);
  const found = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + 1e-9 * step; n += 1) found.push(Number((n * step).toPrecision(12)));
  return found;
}

/** Powers of ten between two, at most about `count`. */
function powers(low, high, count) {
  const from = Math.ceil(Math.log10(low) - 1e-9), to = Math.floor(Math.log10(high) + 1e-9);
  const every = Math.max(1, Math.ceil((to - from + 1) / count));
  const found = [];
  for (let n = from; n <= to; n += every) found.push(10 ** n);
  return found;
}

/**
 * Draws lines. A line is `{xs, ys, colour, dash, width}`; where `ys` has null it has a gap. `y` is `[low, high]`, `log`
 * whether it is in powers of ten; `rules` are horizontal lines, `marks` vertical ones.
 */
export function chart(canvas, { lines, x, y, log = false, rules = [], marks = [] }) {
  const box = canvas.getBoundingClientRect();
  const [width, height] = [Math.round(box.width), Math.round(box.height)];
  if (!width || !height) return;
  const ratio = Math.min(2, window.devicePixelRatio || 1);
  if (canvas.width !== width * ratio || canvas.height !== height * ratio) {
    canvas.width = width * ratio;
    canvas.height = height * ratio;
  }
  const c = canvas.getContext("2d");
  c.setTransform(ratio, 0, 0, ratio, 0, 0);
  c.clearRect(0, 0, width, height);
  const [left, right, top, bottom] = [MARGIN.left, width - MARGIN.right, MARGIN.top, height - MARGIN.bottom];
  const level = log ? Math.log10 : (value) => value;
  const [low, high] = y.map(level);
  const atX = (value) => left + ((value - x[0]) / (x[1] - x[0] || 1)) * (right - left);
  const atY = (value) => bottom - ((level(value) - low) / (high - low || 1)) * (bottom - top);
  c.font = "11px system-ui, sans-serif";
  c.lineWidth = 1;
  c.strokeStyle = colour("faint");
  c.fillStyle = colour("soft");
  c.textAlign = "right";
  c.textBaseline = "middle";
  for (const tick of log ? powers(y[0], y[1], 5) : ticks(y[0], y[1], 4)) {
    const at = atY(tick);
    c.beginPath();
    c.moveTo(left, at);
    c.lineTo(right, at);
    c.stroke();
    c.fillText(short(tick), left - 5, at);
  }
  c.textAlign = "center";
  c.textBaseline = "top";
  for (const tick of ticks(x[0], x[1], Math.max(2, Math.floor(width / 90)))) {
    if (Number.isInteger(tick)) c.fillText(String(tick), Math.min(right - 6, atX(tick)), bottom + 6);
  }
  c.save();
  c.beginPath();
  c.rect(left, top - 2, right - left, bottom - top + 4);
  c.clip();
  for (const { at, name } of marks) {
    c.strokeStyle = colour(name);
    c.setLineDash([3, 3]);
    c.beginPath();
    c.moveTo(atX(at), top);
    c.lineTo(atX(at), bottom);
    c.stroke();
  }
  for (const { at, name, dash } of rules) {
    c.strokeStyle = colour(name);
    c.lineWidth = 1.5;
    c.setLineDash(dash);
    c.beginPath();
    c.moveTo(left, atY(at));
    c.lineTo(right, atY(at));
    c.stroke();
  }
  for (const line of lines) {
    c.strokeStyle = colour(line.colour);
    c.lineWidth = line.width ?? 2;
    c.setLineDash(line.dash ?? []);
    c.beginPath();
    let open = false;
    const every = Math.max(1, Math.floor(line.ys.length / POINTS));
    const visit = (n) => {
      const value = line.ys[n];
      if (value === null || value === undefined || (log && value <= 0)) {
        open = false;
        return;
      }
      const place = [atX(line.xs[n]), atY(value)];
      if (open) c.lineTo(...place);
      else c.moveTo(...place);
      open = true;
    };
    for (let n = 0; n < line.ys.length; n += every) visit(n);
    if (line.ys.length) visit(line.ys.length - 1);
    c.stroke();
  }
  c.restore();
  c.setLineDash([]);
}

/** The smallest and the largest of some numbers, with room around them. */
export function range(values, room = 0.06) {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (value === null || !Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return [0, 1];
  const spare = (high - low) * room || Math.abs(high) * 0.1 || 1;
  return [low - spare, high + spare];
}
