// The selected run: its row in words, its loss from the first step to the last, and the whole row.
const runPanel = (sweep) => {
  const chosen = document.getElementById("chosen");
  const names = sweep.columns.map((column) => column.name);
  const at = (row) => (name) => names.includes(name) ? sweep.named(name).at(row) : null;
  const counted = (n, noun) => `${grouped(n)} ${noun}${n === 1 ? "" : "s"}`;
  const percent = (share) => `${(100 * share).toFixed(1).replace("-", "\u2212")} %`;

  // One sentence per fact.
  const words = (row) => {
    const of = at(row);
    const found = [];
    const [ended, reason, steps, first, last] = ["ended", "reason", "steps", "first_loss", "final_loss"].map(of);
    const [baseline, explained, accuracy] = ["baseline", "explained", "accuracy"].map(of);
    if (ended !== "finished") found.push(`The run ${ended || "has no end"}${steps === null ? "" : ` after ${counted(steps, "step")}`}${reason ? `: ${reason}` : ""}.`);
    if (first !== null && last !== null && steps !== null) found.push(`The loss went from ${shown(first)} to ${shown(last)} in ${counted(steps, "step")}.`);
    else if (first !== null) found.push(`The first step has a loss of ${shown(first)}.`);
    if (baseline !== null && explained !== null) {
      const how = explained >= sweep.nothing ? `${percent(explained)} below` : explained <= -sweep.nothing ? "above" : "no better than";
      const right = accuracy === null ? "" : `; ${percent(accuracy)} of the examples are right`;
      found.push(`After training it is ${how} that of the best constant answer, ${shown(baseline)}${right}.`);
    }
    const layers = names.filter((name) => /^hidden\d+\.units$/.test(name)).map((name) => name.slice(0, -6));
    for (const layer of layers) {
      const [units, start, end, dead] = ["units", "classes_start", "classes_end", "dead"].map((what) => of(`${layer}.${what}`));
      if (units === null) continue;
      const as = (classes) => classes === 1 ? "one" : classes === units ? "all distinct" : grouped(classes);
      const acted = start === null ? "" : end === null ? ` started as ${as(start)}`
        : start === end ? end === units ? " were all distinct" : ` acted as ${as(end)} from the start to the end`
        : ` started as ${as(start)} and ended as ${as(end)}`;
      if (acted && units > 1) found.push(`${layer}: ${counted(units, "unit")}${acted}.`);
      if (dead) found.push(`${layer}: ${dead === units ? units === 1 ? "its unit is" : `all ${grouped(units)} units are` : `${grouped(dead)} of ${grouped(units)} units are`} dead at the end: slope 0 on every example.`);
    }
    const [step, space, factor, escape] = ["first_break", "first_break_space", "escape_factor", "escape_steps"].map(of);
    if (step !== null) found.push(`Units of ${space || "a layer"} diverge at step ${grouped(step)}.`);
    if (factor !== null) {
      const grows = factor > 1 ? escape === null ? "" : `; from one rounding error, twins would diverge after ${counted(Math.round(escape), "step")}` : ", so they decay";
      found.push(`After training a step multiplies differences between twins by ${shown(factor)}${grows}.`);
    }
    return found;
  };

  // The losses that the table has: of the first and the last step, and the baseline.
  const curve = (row) => {
    const of = at(row);
    const [steps, first, last, baseline, broken] = ["steps", "first_loss", "final_loss", "baseline", "first_break"].map(of);
    if (first === null || !steps) return null;
    const [left, right, top, bottom] = [54, 316, 22, 170];
    const values = [first, last, baseline].filter((v) => v !== null);
    const positive = values.every((v) => v > 0);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const far = positive && high / low >= 50;
    const scale = far ? logarithmic(10 ** Math.floor(Math.log10(low)), 10 ** Math.ceil(Math.log10(high) + 1e-9), false)
      : linear(Math.min(0, low), Math.max(0, high) + 0.06 * (Math.max(0, high) - Math.min(0, low)));
    const x = (step) => left + (right - left) * step / steps;
    const y = (v) => bottom - (bottom - top) * scale.place(v);
    const template = made("template");
    template.innerHTML = "<svg></svg>";
    const name = template.content.firstChild.namespaceURI;
    const draw = (tag, attributes, text) => {
      const element = document.createElementNS(name, tag);
      for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
      if (text !== undefined) element.textContent = text;
      return element;
    };
    const parts = [];
    for (const [share, text] of scale.ticks(4)) {
      const height = bottom - (bottom - top) * share;
      parts.push(draw("path", { class: "grid", d: `M${left} ${height}H${right}` }), draw("text", { class: "q small", x: left - 7, y: height + 4, "text-anchor": "end" }, text));
    }
    parts.push(draw("path", { class: "axis", d: `M${left} ${bottom}H${right}` }));
    for (const step of [...new Set([0, Math.round(steps / 2), steps])]) {
      parts.push(draw("text", { class: "q small", x: x(step), y: bottom + 17, "text-anchor": "middle" }, grouped(step)));
    }
    parts.push(draw("text", { class: "q small", x: (left + right) / 2, y: bottom + 32, "text-anchor": "middle" }, "step"));
    // Labels move apart if they would cover each other.
    const labels = [];
    if (baseline !== null) {
      parts.push(draw("path", { class: "baseline", d: `M${left} ${y(baseline)}H${right}` }));
      labels.push([y(baseline), "baseline"]);
    }
    if (broken !== null) parts.push(draw("path", { class: "alarm", d: `M${x(broken)} ${top}V${bottom}` }), draw("text", { class: "alarmed small", x: x(broken) + (broken > steps / 2 ? -4 : 4), y: top - 6, "text-anchor": broken > steps / 2 ? "end" : "start" }, `first break, step ${grouped(broken)}`));
    const [from, to] = [[x(1), y(first)], last === null ? null : [right, y(last)]];
    if (to) {
      parts.push(draw("path", { class: "line c6", "stroke-width": 1.5, "stroke-dasharray": "2 5", d: `M${from}L${to}` }));
      labels.push([to[1], shown(last)]);
    }
    parts.push(draw("text", { class: "t small", x: from[0] + 7, y: from[1] - 8 }, shown(first)));
    for (const [cx, cy] of [from, to].filter(Boolean)) parts.push(draw("circle", { class: "f6", cx, cy, r: 4 }));
    labels.sort((a, b) => a[0] - b[0]);
    labels.forEach((label, n) => { if (n && label[0] - labels[n - 1][0] < 14) label[0] = labels[n - 1][0] + 14; });
    for (const [height, text] of labels) parts.push(draw("text", { class: "t small", x: right + 9, y: height + 4 }, text));
    const svg = draw("svg", { viewBox: "0 0 380 210", role: "img", "aria-label": `Loss from ${shown(first)} at the first step to ${last === null ? "no number" : shown(last)} at the last, step ${grouped(steps)}${baseline === null ? "" : `; baseline ${shown(baseline)}`}` });
    svg.append(...parts);
    return made("figure", {}, made("figcaption", {}, "Loss", made("span", { class: "quantity" }, "of the first and the last step; the table has no others, and the command below trains the run again with all losses")), svg);
  };

  // The last part of a key, if that is unique.
  const lastOf = (name) => name.split(".").pop();
  const heading = (column) => column.isKey && sweep.keys.filter((key) => lastOf(key.name) === lastOf(column.name)).length === 1
    ? lastOf(column.name) : column.name;
  const list = (some, row, name) => made("dl", { class: `facts ${name}` }, ...some.map((column) =>
    made("div", {}, made("dt", { title: column.name }, heading(column)), made("dd", {}, shown(column.at(row), 6)))));
  // Stays the same from run to run.
  let open = false;
  return (row) => {
    const point = sweep.named("point").at(row);
    const command = `constinit run --config sweep.toml --index ${point} --out run-${point}`;
    const all = made("details", { class: "screens" }, made("summary", {}, "The row of the table"),
      list(sweep.columns.filter((column) => column.name !== "point" && !sweep.keys.includes(column)), row, "all"));
    all.open = open;
    all.addEventListener("toggle", () => { open = all.open; });
    const sentences = made("ul", { class: "words" }, ...words(row).map((sentence) => made("li", {}, sentence)));
    chosen.replaceChildren(...[
      made("p", { class: "command" }, made("strong", {}, `Point ${grouped(point)}`)),
      list(sweep.keys, row, "varied"),
      curve(row),
      sentences,
      made("p", { class: "command" }, made("code", {}, command)),
      all,
    ].filter(Boolean));
  };
};
