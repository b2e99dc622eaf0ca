// The diagram: cells over two keys of a grid, dots over two keys of a sample or over the only key.
const diagramOf = (sweep, onChoose) => {
  const canvas = document.getElementById("map");
  const told = document.getElementById("told");
  const legend = document.getElementById("key");
  const keys = sweep.keys;
  const dotted = sweep.sample || keys.length === 1;
  if (!dotted) keys.forEach((key) => withLevels(key, sweep.rows));
  const NEUTRAL = [...sweep.words.neutral, "no run"];
  const INK = {
    light: { ground: "#ffffff", text: "#1b1f24", quiet: "#57606a", edge: "#8c959f", neutral: ["#e3e6ea", "#9aa1a9", "#3d434a", "#ffffff"], lines: sweep.lines[0] },
    dark: { ground: "#14171a", text: "#e6e8eb", quiet: "#a3adb8", edge: "#6b7580", neutral: ["#2e353d", "#767f89", "#d3d7dc", "#14171a"], lines: sweep.lines[1] },
  };
  const darkness = matchMedia("screen and (prefers-color-scheme: dark)");
  let paper = false;
  const ink = () => darkness.matches && !paper ? INK.dark : INK.light;
  const MEAN = -1;
  // For every key that is not an axis: the level that is shown, or the mean over all levels. It starts with the level
  // of the run that the still diagram shows.
  const levelAt = (key) => dotted || key.code(sweep.start) >= key.levels.length ? 0 : key.code(sweep.start);
  const state = { x: 0, y: keys.length > 1 ? 1 : 0, colour: 0, fixed: keys.map((key) => key.isSeed ? MEAN : levelAt(key)), chosen: -1, at: -1 };
  let mask = null, cells = null, spots = null, layer = null, box = null, scales = null;

  const rgb = (hex) => [1, 3, 5].map((n) => parseInt(hex.slice(n, n + 2), 16));
  const VIRIDIS = sweep.colours.match(/#....../g).map(rgb);
  const ended = sweep.named("ended");
  const neutral = (row) => {
    const how = ended.at(row);
    return how === "diverged" ? 1 : how === "failed" ? 2 : 0;
  };
  // What the colours mean: a scale of numbers, or a colour for each text.
  const scaleOf = (quantity) => {
    if (quantity.scale) return quantity.scale;
    if (quantity.text) {
      const texts = quantity.levels;
      return quantity.scale = { texts };
    }
    const found = [];
    for (let row = 0; row < sweep.rows; row++) {
      const v = neutral(row) ? null : quantity.at(row);
      if (v !== null) found.push(v);
    }
    const sorted = Float64Array.from(found).sort();
    const last = sorted.length - 1;
    let [low, high] = last < 0 ? [0, 1] : [sorted[0], sorted[last]];
    if (quantity.share) return quantity.scale = linear(0, 1);
    if (quantity.around && keys.length > 1 && last >= 0) {
      const away = sorted.map((v) => Math.abs(v - quantity.around)).sort();
      const tenths = away[Math.floor(last * 9 / 10)], far = tenths > 1e-6 ? tenths : 0.1;
      return quantity.scale = { ...linear(quantity.around - far, quantity.around + far), outside: sorted.filter((v) => Math.abs(v - quantity.around) > far) };
    }
    const from = sorted.findIndex((v) => v > 0);
    const beyond = (scale, a, b) => ({ ...scale, outside: sorted.filter((v) => !(v >= a && v <= b) && !(scale.zero && v === 0)) });
    // The same scales as in the still diagrams. A scale of losses has the baseline, and ends at twice the baseline at most.
    const powers = (a, b) => {
      const least = Math.max(-307, Math.floor(Math.log10(a))), most = Math.max(least + 1, Math.ceil(Math.log10(b)));
      const [low, high] = [10 ** least, most > 308 ? Number.MAX_VALUE : 10 ** most];
      return beyond({ ...logarithmic(low, high, sorted[0] === 0), zero: sorted[0] === 0 }, low, high);
    };
    if (quantity.baseline > 0 && low >= 0) {
      const worst = Math.min(2 * quantity.baseline, Math.max(quantity.baseline, high));
      if (from >= 0 && worst / sorted[from] >= 50) return quantity.scale = powers(sorted[from], worst);
      return quantity.scale = beyond(linear(0, worst), 0, worst);
    }
    if (low < 0 || from < 0 || high / sorted[from] < 50) return quantity.scale = linear(low, high);
    const tenth = Math.floor((last + 1 - from) / 10);
    const [below, above] = [sorted[from + tenth], sorted[last - tenth]];
    const wide = Math.max(1.5, Math.sqrt(above / below));
    low = below / wide / sorted[from] >= 1e4 ? below / wide : sorted[from];
    if (high / (above * wide) >= 10) high = above * wide;
    return quantity.scale = powers(low, high);
  };
  const quantity = () => sweep.quantities[state.colour];
  const shade = (share) => VIRIDIS[Math.round(255 * Math.min(1, Math.max(0, share)))];
  // The value of a run; runs that did not finish have no number.
  const valueOf = (row, what) => what.text || !neutral(row) ? what.at(row) : null;
  // The neutral colour of a run, -1 for none.
  const kindOf = (row, value, what) => value !== null ? -1 : what.text ? 0 : neutral(row);
  const colourOf = (row, value) => {
    const colours = ink(), what = quantity();
    if (value === null) return rgb(colours.neutral[kindOf(row, value, what)]);
    return what.text ? rgb(colours.lines[what.levels.indexOf(value) % colours.lines.length]) : shade(scaleOf(what).place(value));
  };
  const pale = (colour, row) => {
    if (!mask || mask[row]) return colour;
    const ground = rgb(ink().ground);
    return colour.map((c, n) => Math.round(ground[n] + (c - ground[n]) * 0.14));
  };
  const css = (colour) => `rgb(${colour.join(",")})`;
  const isShown = (row) => keys.every((key, n) => n === state.x || n === state.y || state.fixed[n] === MEAN || key.code(row) === state.fixed[n]);
  // The runs of a cell that the filters leave, or all of them if the filters leave none.
  const runsOf = (first) => {
    if (cells.next[first] < 0) return [first];
    const all = [];
    for (let row = first; row >= 0; row = cells.next[row]) all.push(row);
    const left = mask ? all.filter((row) => mask[row]) : all;
    return left.length ? left : all;
  };
  // The runs of a cell together: mean and range of numbers, the most frequent of texts.
  const together = (runs, what) => {
    const without = [0, 0, 0];
    if (what.text) {
      const times = new Map();
      for (const row of runs) times.set(what.at(row), (times.get(what.at(row)) || 0) + 1);
      const most = [...times].sort((a, b) => b[1] - a[1])[0];
      return { row: runs.find((row) => what.at(row) === most[0]), count: most[1], value: most[0], without };
    }
    const numbers = [];
    for (const row of runs) {
      const value = valueOf(row, what);
      if (value === null) without[neutral(row)]++; else numbers.push(value);
    }
    if (!numbers.length) return { row: runs[0], count: 0, value: null, without };
    // Without spreading them as arguments of one call, which can have only so many.
    const [low, high] = numbers.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
    return { row: runs[0], count: numbers.length, value: numbers.reduce((sum, v) => sum + v / numbers.length, 0), low, high, without };
  };
  // Computes the positions of rows.
  const arrange = () => {
    const [x, y] = [keys[state.x], keys[state.y]];
    if (!dotted) {
      const [nx, ny] = [x.levels.length, y.levels.length];
      // The first run of each cell, and for each run the next one in its cell.
      cells = { nx, ny, rows: new Int32Array(nx * ny).fill(-1), next: new Int32Array(sweep.rows).fill(-1) };
      for (let row = sweep.rows - 1; row >= 0; row--) {
        const [a, b] = [x.code(row), y.code(row)];
        if (a >= nx || b >= ny || !isShown(row)) continue;
        cells.next[row] = cells.rows[b * nx + a];
        cells.rows[b * nx + a] = row;
      }
      scales = [cellular(x.levels), cellular(y.levels)];
      return;
    }
    const axis = (column) => {
      if (column.text) {
        const scale = cellular(column.levels);
        return { ...scale, of: (row) => column.at(row) === null ? NaN : scale.place(column.code(row)) };
      }
      if (column.scale && !column.isKey) return { ...column.scale, of: (row) => column.at(row) === null ? NaN : column.scale.place(column.at(row)) };
      let [low, high] = [Infinity, -Infinity];
      for (let row = 0; row < sweep.rows; row++) {
        const v = column.at(row);
        if (v !== null) [low, high] = [Math.min(low, v), Math.max(high, v)];
      }
      if (low > high) [low, high] = [0, 1];
      const scale = fitting(low, high);
      return { ...scale, of: (row) => column.at(row) === null ? NaN : scale.place(column.at(row)) };
    };
    const what = quantity();
    if (keys.length === 1 && !what.text) scaleOf(what);
    scales = [axis(x), axis(keys.length === 1 ? what : y)];
    spots = new Float32Array(2 * sweep.rows);
    for (let row = 0; row < sweep.rows; row++) {
      // Runs without a number are above the axis of the only key.
      const up = scales[1].of(row);
      spots[2 * row] = 0.02 + 0.96 * scales[0].of(row);
      spots[2 * row + 1] = keys.length === 1 && (Number.isNaN(up) || neutral(row)) ? 1.03 : 0.02 + 0.96 * Math.min(1, Math.max(0, up));
    }
  };
  const xOf = (share) => box.left + share * (box.right - box.left);
  const yOf = (share) => box.bottom - share * (box.bottom - box.top);

  const paint = () => {
    const width = canvas.clientWidth, high = canvas.clientHeight, dense = devicePixelRatio || 1;
    if (!width) return;
    canvas.width = Math.round(width * dense);
    canvas.height = Math.round(high * dense);
    const colours = ink(), what = quantity();
    layer = document.createElement("canvas");
    [layer.width, layer.height] = [canvas.width, canvas.height];
    const pen = layer.getContext("2d");
    pen.scale(dense, dense);
    pen.font = "12px system-ui, 'DejaVu Sans', sans-serif";
    const up = scales[1].ticks(6);
    const room = Math.max(...up.map(([, text]) => pen.measureText(text).width), 24);
    const bar = keys.length > 1 && !what.text;
    box = { left: Math.min(160, room + 18), right: width - (bar ? what.baseline ? 98 : 84 : keys.length === 1 && what.baseline ? 62 : 14), top: 28, bottom: high - 46 };
    canvas.dataset.area = [box.left, box.top, box.right, box.bottom].join(" ");
    pen.fillStyle = colours.ground;
    pen.fillRect(0, 0, width, high);
    const seen = new Set(), partly = [];
    if (cells && !dotted) {
      const { nx, ny, rows } = cells;
      const small = document.createElement("canvas");
      [small.width, small.height] = [nx, ny];
      const image = new ImageData(nx, ny);
      for (let b = 0; b < ny; b++) {
        for (let a = 0; a < nx; a++) {
          const row = rows[b * nx + a];
          if (row < 0) { seen.add(3); continue; }
          const at = 4 * ((ny - 1 - b) * nx + a);
          const runs = runsOf(row);
          const { row: like, value, without } = together(runs, what);
          seen.add(kindOf(like, value, what));
          if (value !== null && without.some((times) => times)) {
            const ink = scaleOf(what).place(value) < 0.45 ? 255 : 0;
            partly.push([a, b, css(pale([ink, ink, ink], runs[0]))]);
          }
          const [r, g, blue] = pale(colourOf(like, value), runs[0]);
          image.data.set([r, g, blue, 255], at);
        }
      }
      small.getContext("2d").putImageData(image, 0, 0);
      pen.imageSmoothingEnabled = false;
      pen.drawImage(small, box.left, box.top, box.right - box.left, box.bottom - box.top);
      // The mean of a cell that leaves runs out has a mark in its corner, as in the still diagrams.
      const [w, h] = [(box.right - box.left) / nx, (box.bottom - box.top) / ny];
      const leg = Math.min(w, h, Math.max(2, Math.min(9, 0.45 * Math.min(w, h))));
      for (const [a, b, colour] of partly) {
        const [right, top] = [box.left + (a + 1) * w, box.bottom - (b + 1) * h];
        pen.fillStyle = colour;
        pen.beginPath();
        pen.moveTo(right, top);
        pen.lineTo(right, top + leg);
        pen.lineTo(right - leg, top);
        pen.fill();
      }
      pen.strokeStyle = colours.edge;
      pen.strokeRect(box.left - 0.5, box.top - 0.5, box.right - box.left + 1, box.bottom - box.top + 1);
    } else {
      const radius = sweep.rows > 20000 ? 1.5 : sweep.rows > 2000 ? 2.5 : 4;
      const dot = (row) => {
        const value = valueOf(row, what), kind = kindOf(row, value, what);
        seen.add(kind);
        const colour = keys.length === 1 && !what.text && kind < 0 ? rgb(colours.lines[0]) : colourOf(row, value);
        pen.fillStyle = css(pale(colour, row));
        const [x, y] = [xOf(spots[2 * row]), yOf(spots[2 * row + 1])];
        if (Number.isNaN(x + y)) return;
        if (radius < 2) pen.fillRect(x - 1.5, y - 1.5, 3, 3);
        else {
          pen.beginPath();
          pen.arc(x, y, radius, 0, 7);
          pen.fill();
        }
      };
      // Pale dots are drawn first, so that they do not cover others.
      for (let row = 0; row < sweep.rows; row++) if (mask && !mask[row]) dot(row);
      for (let row = 0; row < sweep.rows; row++) if (!mask || mask[row]) dot(row);
      if (keys.length === 1 && what.baseline) {
        const y = yOf(0.02 + 0.96 * scales[1].place(what.baseline));
        pen.strokeStyle = pen.fillStyle = colours.text;
        pen.setLineDash([4, 3]);
        pen.beginPath();
        pen.moveTo(box.left, y);
        pen.lineTo(box.right, y);
        pen.stroke();
        pen.setLineDash([]);
        pen.fillText("baseline", box.right + 5, y + 4, 55);
      }
      pen.strokeStyle = colours.edge;
      pen.beginPath();
      pen.moveTo(box.left - 0.5, box.top);
      pen.lineTo(box.left - 0.5, box.bottom + 0.5);
      pen.lineTo(box.right, box.bottom + 0.5);
      pen.stroke();
    }
    const inset = (share) => dotted ? 0.02 + 0.96 * share : share;
    pen.fillStyle = colours.quiet;
    pen.strokeStyle = colours.edge;
    pen.textAlign = "center";
    let free = -Infinity;
    for (const [share, text] of scales[0].ticks(Math.max(3, Math.floor(width / 110)))) {
      const x = xOf(inset(share)), half = pen.measureText(text).width / 2;
      pen.fillRect(x, box.bottom, 1, 5);
      if (x - half < free) continue;
      pen.fillText(text, x, box.bottom + 18);
      free = x + half + 6;
    }
    pen.textAlign = "right";
    for (const [share, text] of up) {
      const y = yOf(inset(share));
      pen.fillRect(box.left - 5, y, 5, 1);
      pen.fillText(text, box.left - 9, y + 4, box.left - 10);
    }
    pen.fillStyle = colours.text;
    pen.textAlign = "center";
    pen.fillText(keys[state.x].name, (box.left + box.right) / 2, high - 8);
    pen.textAlign = "left";
    pen.fillText(keys.length === 1 ? what.label : keys[state.y].name, 8, 14);
    if (bar) colourBar(pen, colours);
    overlay();
    keyOf(colours, seen, partly.length > 0);
  };
  const colourBar = (pen, colours) => {
    const scale = scaleOf(quantity());
    const [left, high] = [box.right + 16, box.bottom - box.top];
    for (let n = 0; n < high; n++) {
      pen.fillStyle = css(shade(n / high));
      pen.fillRect(left, box.bottom - n - 1, 14, 1.2);
    }
    pen.fillStyle = colours.quiet;
    const base = quantity().baseline ? yOf(scale.place(quantity().baseline)) : -Infinity;
    for (const [share, text] of scale.ticks(6)) {
      // A number must not cover the baseline's name.
      if (share > -0.01 && share < 1.01 && Math.abs(yOf(share) - base) > 13) pen.fillText(text, left + 19, yOf(share) + 4, 50);
    }
    if (base > -Infinity) {
      pen.fillStyle = colours.text;
      pen.fillRect(left - 3, base - 1, 20, 2);
      pen.fillText("baseline", left + 19, base + 4, 62);
    }
  };
  // Runs without a number have a colour with a name.
  const keyOf = (colours, seen, isPartly) => {
    const swatch = (colour, text) => {
      const mark = made("i", { class: "swatch" });
      mark.style.background = colour;
      return made("span", {}, mark, text);
    };
    const what = quantity();
    const parts = NEUTRAL.flatMap((text, n) => seen.has(n) ? [swatch(colours.neutral[n], what.text && n === 0 ? "no text" : text)] : []);
    if (isPartly) parts.push(made("span", {}, made("i", { class: "swatch partly" }), sweep.words.partly));
    const texts = what.text ? what.levels.map((text, n) => swatch(colours.lines[n % colours.lines.length], text)) : [];
    if (keys.length > 1 && !what.text) texts.push(made("span", {}, `colour: ${what.label}${scaleOf(what).log ? ", logarithmic" : ""}${what.note ? `; ${what.note}` : ""}`));
    const outside = what.text ? [] : scaleOf(what).outside || [];
    if (outside.length) {
      const [low, high] = [outside[0], outside[outside.length - 1]].map((v) => shown(v));
      texts.push(made("span", {}, `${grouped(outside.length)} run${outside.length > 1 ? "s" : ""} beyond the ends of the scale, ${low === high ? `at ${low}` : `from ${low} to ${high}`}, ${outside.length > 1 ? "have" : "has"} the colour of its end`));
    }
    if (what.baseline) texts.push(made("span", {}, `the baseline, ${shown(what.baseline)}, is the loss of the best constant answer`));
    if (!dotted) keys.forEach((key, n) => {
      if (n === state.x || n === state.y) return;
      const several = what.text ? "the most frequent one" : "the mean of runs with a number";
      const isMean = state.fixed[n] === MEAN && key.levels.length > 1;
      parts.push(made("span", {}, isMean ? `over ${key.name}: ${several}` : `${key.name} = ${shown(key.levels[Math.max(0, state.fixed[n])])}`));
    });
    legend.replaceChildren(...texts, ...parts);
  };

  const overlay = () => {
    const pen = canvas.getContext("2d");
    const dense = devicePixelRatio || 1;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.drawImage(layer, 0, 0);
    pen.scale(dense, dense);
    const mark = (spot, width, inner) => {
      if (!spot) return;
      const [x, y, w, h] = spot;
      for (const [colour, line, out] of [[ink().ground, width + 2, 2], [inner, width, 2]]) {
        pen.strokeStyle = colour;
        pen.lineWidth = line;
        pen.strokeRect(x - out, y - out, w + 2 * out, h + 2 * out);
      }
    };
    mark(spotOf(state.chosen), 2, "#d55e00");
    if (state.at >= 0) mark(spotOfPlace(state.at), 1.5, ink().text);
  };
  // The rectangle of a place: a cell's number, or a dot's row.
  const spotOfPlace = (place) => {
    if (dotted) {
      const [x, y] = [xOf(spots[2 * place]), yOf(spots[2 * place + 1])];
      return Number.isNaN(x + y) ? null : [x - 4, y - 4, 8, 8];
    }
    const { nx, ny } = cells;
    const [a, b] = [place % nx, Math.floor(place / nx)];
    const [w, h] = [(box.right - box.left) / nx, (box.bottom - box.top) / ny];
    return [box.left + a * w, box.bottom - (b + 1) * h, w, h];
  };
  const placeOf = (row) => {
    if (row < 0) return -1;
    if (dotted) return row;
    const [a, b] = [keys[state.x].code(row), keys[state.y].code(row)];
    return isShown(row) && a < cells.nx && b < cells.ny ? b * cells.nx + a : -1;
  };
  const spotOf = (row) => placeOf(row) < 0 ? null : spotOfPlace(placeOf(row));
  // The run of a place; of several runs, the first that the filters leave.
  const rowAt = (place) => dotted ? place : cells.rows[place] < 0 ? -1 : runsOf(cells.rows[place])[0];

  // The tooltip is beside the place, on the side with room for it. Screen readers have the line below the diagram.
  const tip = document.getElementById("tip");
  const hover = (row, lines) => {
    const spot = row < 0 && dotted ? null : spotOfPlace(state.at);
    tip.hidden = !spot || !lines;
    if (tip.hidden) return;
    tip.replaceChildren(...lines.map((line, n) => made(n ? "span" : "strong", {}, line)));
    const [x, y, w] = spot;
    const [width, high] = [tip.offsetWidth, tip.offsetHeight];
    const right = x + w + 12 + width < canvas.clientWidth;
    tip.style.left = `${right ? x + w + 12 : Math.max(0, x - 12 - width)}px`;
    tip.style.top = `${Math.max(0, Math.min(canvas.clientHeight - high, y - high / 2))}px`;
  };
  const say = () => {
    if (state.at < 0) { told.textContent = "\u00a0"; tip.hidden = true; return; }
    const what = quantity(), row = rowAt(state.at);
    const place = (some, value) => some.map((key) => `${key.name} ${shown(value(key))}`).join(" \u00b7 ");
    if (row < 0) {
      const [x, y] = [keys[state.x], keys[state.y]];
      const at = (key) => key.levels[key === x ? state.at % cells.nx : Math.floor(state.at / cells.nx)];
      told.textContent = `${place([x, y], at)}: no run`;
      hover(row, null);
      return;
    }
    const runs = dotted ? [row] : runsOf(cells.rows[state.at]), several = runs.length > 1;
    const same = keys.filter((_, n) => !several || n === state.x || n === state.y || state.fixed[n] !== MEAN);
    const says = several ? meanOf(runs, what) : alone(row, what);
    told.textContent = `${place(same, (key) => key.at(row))}: ${what.label} ${says}`;
    const base = what.baseline ? [`baseline ${shown(what.baseline)}`] : [];
    hover(row, [`${what.label} ${says}`, ...base, ...same.map((key) => `${key.name} ${shown(key.at(row))}`)]);
  };
  const meanOf = (runs, what) => {
    const { count, value, low, high, without } = together(runs, what);
    const of = count < runs.length ? `${grouped(count)} of ${grouped(runs.length)} runs` : `${grouped(count)} runs`;
    if (what.text) return `${shown(value)} in ${of}`;
    const why = [1, 2, 0].filter((kind) => without[kind]).map((kind) => `; ${grouped(without[kind])} of ${grouped(runs.length)} ${sweep.words.without[kind]}`);
    const all = count && shown(low) === shown(high) ? `${shown(low)} in ${count > 1 ? "each of " : ""}${of}` : "";
    return (all ? all : count ? `${shown(value)} on average over ${of}, from ${shown(low)} to ${shown(high)}` : `not known for any of ${grouped(runs.length)} runs`) + why.join("");
  };
  const alone = (row, what) => {
    const [verdict, classes, units] = ["verdict", "classes_start", "units"].map((name) => sweep.named(name).at(row));
    const nothing = verdict === "none" || verdict === "held" && classes !== null && units !== null && classes >= units;
    const how = [ended.at(row), nothing ? "no twins" : verdict && `twins ${verdict}`].filter(Boolean).join(", ");
    return `${shown(what.at(row))} (${how})`;
  };
  const under = (event) => {
    const bounds = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - bounds.left, event.clientY - bounds.top];
    if (!box) return -1;
    if (dotted) {
      let best = 18 ** 2, found = -1;
      for (let row = 0; row < sweep.rows; row++) {
        const distance = (xOf(spots[2 * row]) - x) ** 2 + (yOf(spots[2 * row + 1]) - y) ** 2;
        if (distance < best) [best, found] = [distance, row];
      }
      return found;
    }
    const a = Math.floor((x - box.left) / (box.right - box.left) * cells.nx);
    const b = Math.floor((box.bottom - y) / (box.bottom - box.top) * cells.ny);
    return a < 0 || b < 0 || a >= cells.nx || b >= cells.ny ? -1 : b * cells.nx + a;
  };
  const move = (place) => {
    if (place === state.at) return;
    state.at = place;
    overlay();
    say();
  };
  canvas.addEventListener("pointermove", (event) => move(under(event)));
  canvas.addEventListener("pointerleave", () => { if (document.activeElement !== canvas) move(-1); });
  canvas.addEventListener("blur", () => move(-1));
  canvas.addEventListener("click", (event) => {
    const place = under(event);
    if (place >= 0 && rowAt(place) >= 0) onChoose(rowAt(place));
  });
  // Dots from left to right, or from bottom to top.
  let turns = null;
  const turn = (upward, by) => {
    if (!turns) {
      const rows = Array.from({ length: sweep.rows }, (_, row) => row).filter((row) => !Number.isNaN(spots[2 * row]));
      turns = [0, 1].map((n) => [...rows].sort((a, b) => spots[2 * a + n] - spots[2 * b + n] || a - b));
    }
    const list = turns[upward ? 1 : 0];
    const at = list.indexOf(state.at);
    return list[Math.max(0, Math.min(list.length - 1, at + by))];
  };
  canvas.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (event.key === "Enter" || event.key === " ") {
      if (state.at >= 0 && rowAt(state.at) >= 0) onChoose(rowAt(state.at));
    } else if (event.key === "Escape") move(-1);
    else if (steps) {
      const from = state.at >= 0 ? state.at : placeOf(state.chosen);
      if (from < 0) move(dotted ? turn(false, 1) : 0);
      else if (dotted) { state.at = from; move(turn(steps[1] !== 0, steps[0] + steps[1])); }
      else {
        const { nx, ny } = cells;
        const a = Math.max(0, Math.min(nx - 1, from % nx + steps[0]));
        const b = Math.max(0, Math.min(ny - 1, Math.floor(from / nx) + steps[1]));
        move(b * nx + a);
      }
    } else return;
    event.preventDefault();
  });

  const picks = document.getElementById("picks");
  const pick = (label, name, options, value, change, first = 0) => {
    const select = made("select", { name }, ...options.map((text, n) => made("option", { value: n + first }, text)));
    select.value = String(value);
    select.addEventListener("change", () => { change(Number(select.value)); redo(); });
    picks.append(made("label", {}, label, select));
  };
  const names = keys.map((key) => key.name);
  const menus = () => {
    const focused = document.activeElement && document.activeElement.name;
    picks.replaceChildren();
    if (keys.length > 1) {
      pick("across", "x", names, state.x, (n) => { if (n === state.y) state.y = state.x; state.x = n; });
      pick("up", "y", names, state.y, (n) => { if (n === state.x) state.x = state.y; state.y = n; });
    }
    pick(keys.length > 1 ? "colour" : "up", "colour", sweep.quantities.map((each) => each.label), state.colour, (n) => { state.colour = n; });
    if (!dotted) keys.forEach((key, n) => {
      if (n === state.x || n === state.y || key.levels.length < 2) return;
      const levels = key.levels.map((level) => shown(level));
      pick(key.name, `fixed-${n}`, ["mean of all", ...levels], state.fixed[n], (code) => { state.fixed[n] = code; }, MEAN);
    });
    const again = focused && picks.querySelector(`select[name="${focused}"]`);
    if (again) again.focus();
  };
  const redo = () => {
    state.at = -1;
    turns = null;
    menus();
    arrange();
    paint();
    say();
    canvas.setAttribute("aria-label", `${quantity().label} over ${names[state.x]}${keys.length > 1 ? ` and ${names[state.y]}` : ""}`);
  };
  document.getElementById("live").hidden = false;
  const still = document.getElementById("still");
  if (still) still.hidden = true;
  redo();
  let waiting = 0;
  new ResizeObserver(() => { cancelAnimationFrame(waiting); waiting = requestAnimationFrame(paint); }).observe(canvas);
  darkness.addEventListener("change", paint);
  addEventListener("beforeprint", () => { paper = true; paint(); });
  addEventListener("afterprint", () => { paper = false; paint(); });
  return {
    filter: (new_mask) => { mask = new_mask; paint(); say(); },
    choose: (row) => {
      state.chosen = row;
      // If the run is in another slice, shows that slice.
      if (!dotted && !isShown(row)) {
        keys.forEach((key, n) => { if (state.fixed[n] !== MEAN && key.code(row) < key.levels.length) state.fixed[n] = key.code(row); });
        redo();
      } else overlay();
    },
  };
};
