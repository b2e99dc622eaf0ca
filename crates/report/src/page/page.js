"use strict";
// Reads numbers under the pointer or by arrow keys, and hides traces. Without this script, all figures are still
// visible.
(() => {
  const grouped = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, n >= 10000 ? "\u202f" : "");
  const short = (v) => {
    if (v === null) return "not finite";
    const size = Math.abs(v);
    if (v === 0) return "0";
    return size < 1e-3 || size >= 1e5 ? v.toExponential(3) : String(+v.toPrecision(5));
  };
  const counted = (n) => n === null ? "not measured" : grouped(n);
  // The same scales as in the figures.
  const place = (scale, v) => {
    if (v === null) return null;
    if (scale.kind === "linear") return (v / 2 - scale.low / 2) / (scale.high / 2 - scale.low / 2);
    if (v === 0) return scale.zero ? 0 : null;
    if (v < 0) return null;
    const strip = scale.zero ? 0.12 : 0;
    const low = Math.log10(scale.low);
    return strip + (1 - strip) * Math.max(0, (Math.log10(v) - low) / (Math.log10(scale.high) - low));
  };
  const element = (name, attributes, parent) => {
    const made = document.createElementNS(parent.namespaceURI, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    parent.append(made);
    return made;
  };
  // The position of the last step that is at most `step`, or of the nearest step.
  const position = (steps, step, nearest) => {
    let low = 0, high = steps.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (steps[middle] <= step) low = middle; else high = middle - 1;
    }
    const next = steps[low + 1];
    return nearest && next !== undefined && next - step < step - steps[low] ? low + 1 : low;
  };

  for (const figure of document.querySelectorAll("figure")) {
    const data = JSON.parse(figure.querySelector(".numbers").textContent);
    const plot = figure.querySelector(".plot");
    const svg = plot.querySelector("svg");
    const readout = figure.querySelector(".readout");
    const [left, top, right, bottom] = data.plot;
    const hidden = new Set();
    const lines = data.lines || [];
    const steps = data.steps || [...new Set(data.rows.flatMap((row) => row.steps))].sort((a, b) => a - b);
    const xOf = (step) => left + (right - left) * step / data.last;
    const cursor = element("path", { class: "cursor off", d: "" }, svg);
    const point = element("circle", { class: "point off", r: 4 }, svg);
    let at = null, chosen = 0;

    // A line has numbers only where it is drawn.
    const there = (line) => !line.span || at === null || at >= line.span[0] && at <= line.span[1];
    const shown = () => lines.filter((line) => !hidden.has(line.group) && there(line));
    const yOf = (line, where) => {
      const share = place(data.scale, line.values[where]);
      return share === null ? null : bottom - share * (bottom - top);
    };
    const say = () => {
      if (at === null) return;
      const step = steps[at];
      cursor.setAttribute("d", `M${xOf(step)} ${top}V${bottom}`);
      cursor.classList.remove("off");
      let text = `step ${grouped(step)}: `;
      if (data.rows) {
        text += data.rows.map((row) =>
          `${row.name} ${counted(row.values[position(row.steps, step)])} of ${grouped(row.units)} ${row.word}`).join(" \u00b7 ");
      } else {
        const all = shown();
        const line = all[Math.min(chosen, all.length - 1)];
        const y = line ? yOf(line, at) : null;
        point.classList.toggle("off", y === null);
        if (y !== null) {
          point.setAttribute("cx", xOf(step));
          point.setAttribute("cy", y);
        }
        if (all.length > 8) text += line ? `${line.name} ${short(line.values[at])}` : "";
        else text += all.map((each) =>
          lines.length > 1 ? `${each.name} ${short(each.values[at])}` : short(each.values[at])).join(" \u00b7 ");
        if (!all.length) text += "all traces are hidden";
      }
      readout.textContent = text;
    };
    const leave = () => {
      at = null;
      cursor.classList.add("off");
      point.classList.add("off");
      readout.textContent = "\u00a0";
    };

    plot.addEventListener("pointermove", (event) => {
      const box = svg.getBoundingClientRect();
      const view = svg.viewBox.baseVal;
      const x = (event.clientX - box.left) / box.width * view.width;
      const y = (event.clientY - box.top) / box.height * view.height;
      if (!steps.length || x < left - 12 || x > right + 12) return leave();
      const step = (x - left) / (right - left) * data.last;
      at = position(steps, step, !data.rows);
      let best = Infinity;
      shown().forEach((line, number) => {
        const height = yOf(line, at);
        const distance = height === null ? Infinity : Math.abs(height - y);
        if (distance < best) [best, chosen] = [distance, number];
      });
      say();
    });
    plot.addEventListener("pointerleave", () => document.activeElement === plot ? say() : leave());
    plot.addEventListener("blur", leave);
    plot.addEventListener("keydown", (event) => {
      const last = steps.length - 1;
      if (last < 0) return;
      const wide = Math.max(1, Math.round(last / 20));
      const moves = { ArrowLeft: -1, ArrowRight: 1, PageUp: -wide, PageDown: wide };
      const turns = { ArrowUp: -1, ArrowDown: 1 };
      if (event.key in moves) at = at === null ? 0 : Math.min(last, Math.max(0, at + moves[event.key]));
      else if (event.key === "Home") at = 0;
      else if (event.key === "End") at = last;
      else if (event.key in turns && shown().length) {
        at = at === null ? 0 : at;
        chosen = (Math.min(chosen, shown().length - 1) + turns[event.key] + shown().length) % shown().length;
      } else if (event.key === "Escape") { leave(); return; }
      else return;
      event.preventDefault();
      say();
    });

    const toggle = (group) => {
      const off = !hidden.has(group);
      if (off) hidden.add(group); else hidden.delete(group);
      for (const mark of svg.getElementsByClassName(group)) mark.classList.toggle("off", off);
      const button = figure.querySelector(`button[data-group="${group}"]`);
      if (button) button.setAttribute("aria-pressed", String(!off));
      say();
    };
    for (const button of figure.querySelectorAll("button[data-group]")) {
      button.addEventListener("click", () => toggle(button.dataset.group));
    }
    // A click on a line hides it, if a button can show it again.
    svg.addEventListener("click", (event) => {
      const line = event.target.closest(".trace");
      const group = line && lines.map((each) => each.group).find((name) => line.classList.contains(name));
      if (group && figure.querySelector(`button[data-group="${group}"]`)) toggle(group);
    });
  }
})();
