// The page of a sweep: diagram, table and the selected run. Without this script, the page has a still diagram.
(() => {
  const data = JSON.parse(document.getElementById("numbers").textContent);
  if (!data.rows) return;
  const columns = data.columns.map(decoded);
  const named = (name) => columns.find((column) => column.name === name) || { name, at: () => null, levels: [], constant: true };
  // In the order of the axes.
  const keys = data.keys.map(named);
  if (!keys.length) return;
  for (const key of keys) {
    key.isKey = true;
    key.isSeed = data.seeds.includes(key.name);
  }
  const share = (part, of) => {
    const [a, b] = [named(part), named(of)];
    return (row) => a.at(row) !== null && b.at(row) > 0 ? a.at(row) / b.at(row) : null;
  };
  const any = (quantity) => {
    for (let row = 0; row < data.rows; row++) if (quantity.at(row) !== null) return true;
    return false;
  };
  const of = (name, label) => ({ ...named(name), label });
  const first = [
    { ...of("final_loss", "final loss"), baseline: data.baseline },
    { ...of("explained", "explained"), note: "1 is a loss of 0, 0 that of the best constant answer" },
    { label: "effective width", share: true, at: share("classes_end", "units") },
    { label: "dead share", share: true, at: share("dead", "units") },
    { ...of("escape_factor", "escape factor"), around: 1, note: "above 1 differences between twins grow, below they shrink" },
    of("first_break", "first break"),
    of("ended", "ended"),
  ].filter(any);
  const taken = new Set(["point", ...data.keys, ...first.map((quantity) => quantity.name)]);
  const others = columns.filter((column) => !taken.has(column.name) && !column.constant && (!column.text || column.levels.length <= 7));
  const quantities = [...first, ...others.map((column) => ({ ...column, label: column.name.replaceAll("_", " ") }))];
  const sweep = { rows: data.rows, sample: data.sample, colours: data.colours, lines: data.lines, words: data.words, start: data.start, baseline: data.baseline, nothing: data.nothing, columns, keys, named, quantities };

  const show = runPanel(sweep);
  let table = null, diagram = null;
  const choose = (row) => {
    show(row);
    diagram.choose(row);
    table.choose(row);
  };
  diagram = diagramOf(sweep, choose);
  table = tableOf(sweep, choose, (mask) => diagram.filter(mask));
  choose(data.start);
})();
