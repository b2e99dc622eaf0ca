// The table: a sorted and filtered list of row numbers. The document contains only a window of it.
const tableOf = (sweep, onChoose, onFilter) => {
  const ROW = 28, AROUND = 12, MOST_PIXELS = 8e6;
  const all = document.getElementById("all");
  const scroller = document.getElementById("rows");
  const [head, body] = [scroller.querySelector("thead"), scroller.querySelector("tbody")];
  const matching = document.getElementById("matching");
  const clear = document.getElementById("clear");
  // The columns that people need first come first.
  const early = ["point", ...sweep.keys.map((key) => key.name), "final_loss", "verdict", "ended", "classes_end", "dead", "first_break", "escape_factor", "steps", "seconds"];
  const varying = sweep.columns.filter((column) => !column.constant);
  const columns = [
    ...early.flatMap((name) => varying.filter((column) => column.name === name)),
    ...varying.filter((column) => !early.includes(column.name)),
  ];
  const filters = new Map();
  const mask = new Uint8Array(sweep.rows).fill(1);
  let order = Uint32Array.from({ length: sweep.rows }, (_, row) => row);
  let sorted = { column: null, down: false }, chosen = -1, first = -1;

  const same = sweep.columns.filter((column) => column.constant && column.at(0) !== null);
  document.getElementById("same").textContent = same.length
    ? `The same in every run: ${same.map((column) => `${column.name} ${shown(column.at(0))}`).join(" \u00b7 ")}.` : "";

  // For a key, the last part of its path if that is unique.
  const heading = (column) => {
    const last = column.name.split(".").pop();
    const alone = columns.filter((each) => each.name.split(".").pop() === last).length === 1;
    return column.isKey && alone ? last : column.name;
  };
  const widths = columns.map((column) => {
    let most = 1.1 * heading(column).length + 3;
    for (let n = 0; n < 200; n++) {
      most = Math.max(most, shown(column.at(Math.floor(n * sweep.rows / 200))).length);
    }
    return Math.min(300, 24 + 7.6 * most);
  });
  const buttons = made("tr", { "aria-rowindex": 1 }), inputs = made("tr", { "aria-rowindex": 2 });
  columns.forEach((column, n) => {
    const button = made("button", { type: "button", title: column.name }, heading(column));
    const th = made("th", { scope: "col", "aria-sort": "none" }, button);
    th.style.width = `${widths[n]}px`;
    if (column.text) th.className = "words";
    button.addEventListener("click", () => {
      sorted = sorted.column !== column ? { column, down: false } : sorted.down ? { column: null } : { column, down: true };
      for (const each of buttons.children) each.setAttribute("aria-sort", "none");
      if (sorted.column) th.setAttribute("aria-sort", sorted.down ? "descending" : "ascending");
      arrange();
      scroller.scrollTop = 0;
    });
    buttons.append(th);
    const input = made("input", { type: "text", "aria-label": `filter ${column.name}`, spellcheck: "false", autocomplete: "off" });
    let waiting = 0;
    input.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        const test = filter(input.value, column.text);
        input.setAttribute("aria-invalid", String(test === undefined));
        if (test) filters.set(column, test); else filters.delete(column);
        select();
      }, 120);
    });
    inputs.append(made("td", {}, input));
  });
  head.append(buttons, inputs);
  const table = scroller.querySelector("table");
  table.style.width = `${widths.reduce((a, b) => a + b, 0)}px`;
  clear.addEventListener("click", () => {
    for (const input of inputs.querySelectorAll("input")) {
      input.value = "";
      input.removeAttribute("aria-invalid");
    }
    filters.clear();
    select();
  });

  const select = () => {
    const tests = [...filters];
    for (let row = 0; row < sweep.rows; row++) mask[row] = tests.every(([column, test]) => test(column.at(row))) ? 1 : 0;
    arrange();
    scroller.scrollTop = 0;
    onFilter(mask);
  };
  const arrange = () => {
    const found = [];
    for (let row = 0; row < sweep.rows; row++) if (mask[row]) found.push(row);
    order = Uint32Array.from(found);
    const { column, down } = sorted;
    if (column) {
      // Rows without a value come last, in both directions.
      const sign = down ? -1 : 1;
      const values = Array.from({ length: sweep.rows });
      for (const row of order) values[row] = column.at(row);
      order.sort((a, b) => {
        const [x, y] = [values[a], values[b]];
        if (x === null || y === null) return (x === null) - (y === null) || a - b;
        return (x < y ? -sign : x > y ? sign : a - b);
      });
    }
    matching.textContent = `${grouped(order.length)} of ${grouped(sweep.rows)} runs${filters.size ? " match" : ""}`;
    clear.disabled = !inputs.querySelector("input[aria-invalid=true]") && !filters.size;
    table.setAttribute("aria-rowcount", order.length + 2);
    first = -1;
    fill();
  };
  // Browsers limit the height of an element in pixels. Beyond the limit, one pixel is more than one pixel of rows.
  const height = () => Math.min(order.length * ROW, MOST_PIXELS);
  const visible = () => Math.ceil((scroller.clientHeight || 450) / ROW);
  const top = () => {
    const room = Math.max(1, height() - visible() * ROW);
    const most = Math.max(0, order.length - visible() + 3);
    return order.length * ROW <= MOST_PIXELS ? Math.floor(scroller.scrollTop / ROW)
      : Math.round(Math.min(1, scroller.scrollTop / room) * most);
  };
  const gap = (pixels) => {
    const cell = made("td", { colspan: columns.length });
    cell.style.height = `${pixels}px`;
    return made("tr", { class: "gap", "aria-hidden": "true" }, cell);
  };
  const fill = () => {
    const from = Math.max(0, Math.min(top() - AROUND, order.length - 1));
    if (from === first) return;
    first = from;
    const to = Math.min(order.length, from + visible() + 2 * AROUND);
    const exact = order.length * ROW <= MOST_PIXELS;
    const above = exact ? from * ROW : Math.max(0, Math.min(scroller.scrollTop - (top() - from) * ROW, height() - (to - from) * ROW));
    const rows = [];
    for (let n = from; n < to; n++) {
      const row = order[n];
      const tr = made("tr", { "aria-rowindex": n + 3, "data-row": row });
      if (row === chosen) tr.setAttribute("aria-current", "true");
      for (const column of columns) {
        const text = shown(column.at(row));
        const td = made("td", column.text ? { class: "words", title: text } : {}, text);
        tr.append(td);
      }
      rows.push(tr);
    }
    body.replaceChildren(gap(above), ...rows, gap(Math.max(0, height() - above - (to - from) * ROW)));
  };
  const place = () => chosen < 0 ? -1 : order.indexOf(chosen);
  const reveal = () => {
    const at = place();
    if (at < 0) return;
    const [from, to] = [top(), top() + visible() - 4];
    if (at < from || at > to) {
      const share = order.length * ROW <= MOST_PIXELS ? ROW : (height() - visible() * ROW) / Math.max(1, order.length - visible() + 3);
      scroller.scrollTop = Math.max(0, (at - Math.floor(visible() / 3)) * share);
    }
  };
  scroller.addEventListener("scroll", fill, { passive: true });
  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr[data-row]");
    if (row) onChoose(Number(row.dataset.row));
  });
  scroller.addEventListener("keydown", (event) => {
    if (event.target !== scroller || !order.length) return;
    const at = place(), last = order.length - 1;
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, PageUp: at - 10, PageDown: at + 10, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    onChoose(order[Math.max(0, Math.min(last, to))]);
  });
  all.hidden = false;
  arrange();
  return {
    choose: (row) => {
      chosen = row;
      reveal();
      first = -1;
      fill();
    },
  };
};
