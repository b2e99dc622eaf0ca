// The network as a drawing: units as nodes, weights as lines.

const SVG = "http://www.w3.org/2000/svg";
const DASHES = ["none", "5 2.5", "1.5 2", "7 2 1.5 2", "3 3", "none", "5 2.5", "1.5 2"];
const BUCKETS = 6;

const element = (name, attributes, parent) => {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent?.append(made);
  return made;
};

/** The value of a colour of the style. */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** The mark of each unit: a colour and a letter for each class of several equal units, none for a unit that is alone. */
export function marks(labels) {
  const sizes = new Map();
  for (const label of labels) sizes.set(label, (sizes.get(label) ?? 0) + 1);
  const numbers = new Map();
  for (const label of labels) {
    if (sizes.get(label) > 1 && !numbers.has(label)) numbers.set(label, numbers.size);
  }
  return labels.map((label) => {
    const number = numbers.get(label);
    if (number === undefined) return { colour: "alone", letter: "", size: 1, number: -1 };
    return { colour: `c${number % 8}`, letter: String.fromCharCode(65 + (number % 26)), size: sizes.get(label), number };
  });
}

/** The name of layer `layer` of `count`, counted from the inputs. */
export function layerName(layer, count) {
  if (layer === 0) return "inputs";
  return layer === count - 1 ? "outputs" : `hidden${layer}`;
}

/** A drawing; `choose(layer, unit)` is called for a unit, `pick(layer, output, input, place)` for a weight. */
export function drawing({ canvas, svg, choose, pick }) {
  let dims = [], nodes = [], places = [], shown = null, chosen = null, size = [0, 0];

  const radius = () => Math.max(4, Math.min(15, ((size[1] - 44) / Math.max(...dims)) * 0.42));

  function build() {
    svg.replaceChildren();
    nodes = dims.map((units, layer) => {
      const hidden = layer > 0 && layer < dims.length - 1;
      const name = element("text", { class: "layer-name" }, svg);
      name.textContent = layerName(layer, dims.length);
      const group = Array.from({ length: units }, (_, unit) => {
        const node = element("g", { class: hidden ? "node" : "end" }, svg);
        const body = hidden
          ? element("circle", { class: "body" }, node)
          : element("rect", { class: "body", rx: layer ? 20 : 2 }, node);
        const parts = { node, body };
        if (hidden) {
          parts.ring = element("circle", { class: "ring" }, node);
          parts.cross = element("path", { class: "cross", visibility: "hidden" }, node);
          parts.letter = element("text", {}, node);
          node.setAttribute("role", "button");
          node.setAttribute("tabindex", "-1");
          node.dataset.layer = layer;
          node.dataset.unit = unit;
        }
        return parts;
      });
      return { name, group };
    });
    place();
  }

  function place() {
    const [width, height] = size;
    const side = Math.min(70, width * 0.09), r = radius();
    places = dims.map((units, layer) => {
      const x = dims.length < 2 ? width / 2 : side + ((width - 2 * side) * layer) / (dims.length - 1);
      const room = height - 44, step = Math.min(room / units, 64);
      const top = 30 + (room - step * (units - 1)) / 2;
      return Array.from({ length: units }, (_, unit) => [x, top + unit * step]);
    });
    nodes.forEach(({ name, group }, layer) => {
      name.setAttribute("x", places[layer][0][0]);
      name.setAttribute("y", 13);
      group.forEach(({ node, body, ring, cross }, unit) => {
        const [x, y] = places[layer][unit];
        node.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
        if (ring) {
          body.setAttribute("r", r);
          ring.setAttribute("r", r + 3.5);
          const d = r * 0.55;
          cross.setAttribute("d", `M${-d} ${-d}L${d} ${d}M${d} ${-d}L${-d} ${d}`);
        } else {
          const half = Math.min(r, 8);
          for (const key of ["x", "y"]) body.setAttribute(key, -half);
          for (const key of ["width", "height"]) body.setAttribute(key, 2 * half);
          body.setAttribute("fill", "var(--panel)");
          body.setAttribute("stroke", "var(--soft)");
          body.setAttribute("stroke-width", 1.5);
        }
      });
    });
  }

  function fit() {
    const box = svg.getBoundingClientRect();
    const next = [Math.round(box.width), Math.round(box.height)];
    if (next[0] === size[0] && next[1] === size[1]) return;
    size = next;
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    canvas.width = size[0] * ratio;
    canvas.height = size[1] * ratio;
    canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
    if (nodes.length) place();
  }

  function lines(layers) {
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, size[0], size[1]);
    const colours = [colour("plus"), colour("minus")];
    layers.forEach(({ weight }, layer) => {
      const reads = dims[layer];
      const largest = weight.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const buckets = Array.from({ length: 2 * BUCKETS }, () => []);
      for (let at = 0; at < weight.length; at += 1) {
        const share = largest > 0 ? Math.abs(weight[at]) / largest : 0;
        const bucket = Math.min(BUCKETS - 1, Math.floor(share * BUCKETS));
        buckets[(weight[at] < 0 ? BUCKETS : 0) + bucket].push(at);
      }
      // Many lines hide each other: thinner ones are fainter.
      const crowd = Math.min(1, 90 / weight.length);
      buckets.forEach((members, number) => {
        if (!members.length) return;
        const share = ((number % BUCKETS) + 0.6) / BUCKETS;
        context.strokeStyle = largest > 0 ? colours[number < BUCKETS ? 0 : 1] : colour("off");
        context.globalAlpha = 0.1 + (0.25 + 0.6 * Math.sqrt(crowd)) * share;
        // Without a GPU, many broad lines in one path take ten times as long as one by one; lines of one pixel take
        // almost no time.
        const width = largest > 0 ? 0.5 + 3.2 * share * (0.35 + 0.65 * crowd) : 1;
        const thin = width < 1.2 || (crowd < 0.3 && number % BUCKETS < BUCKETS - 2);
        context.lineWidth = thin ? 1 : width;
        context.beginPath();
        for (const at of members) {
          const [x0, y0] = places[layer][at % reads], [x1, y1] = places[layer + 1][Math.floor(at / reads)];
          context.moveTo(x0, y0);
          context.lineTo(x1, y1);
          if (!thin) {
            context.stroke();
            context.beginPath();
          }
        }
        if (thin) context.stroke();
      });
      context.globalAlpha = 1;
    });
  }

  function label(space, layer, unit, mark, dead) {
    const kind = mark.size > 1 ? `one of ${mark.size} equal units, ${mark.letter}` : "different from all others";
    return `${space.name}, unit ${unit}: ${kind}${dead ? ", dead" : ""}`;
  }

  function draw(state) {
    fit();
    if (state.dims.join() !== dims.join()) {
      dims = state.dims;
      chosen = null;
      build();
    }
    shown = state;
    lines(state.layers);
    state.spaces.forEach((space, number) => {
      const layer = number + 1, found = marks(space.classes), small = radius() < 7;
      nodes[layer].group.forEach(({ node, body, cross, letter }, unit) => {
        const mark = found[unit], dead = space.dead[unit];
        const key = `${mark.colour} ${mark.letter} ${mark.size} ${dead} ${small}`;
        if (node.dataset.key === key) return;
        node.dataset.key = key;
        body.setAttribute("fill", `var(--${mark.colour})`);
        body.setAttribute("stroke", mark.number < 0 ? "var(--off)" : "var(--ink)");
        body.setAttribute("stroke-width", mark.number < 0 ? 1 : 1.6);
        body.setAttribute("stroke-dasharray", mark.number < 0 ? "none" : DASHES[mark.number % DASHES.length]);
        letter.textContent = small ? "" : mark.letter;
        cross.setAttribute("visibility", dead ? "visible" : "hidden");
        node.classList.toggle("dead", dead);
        node.setAttribute("aria-label", label(space, layer, unit, mark, dead));
      });
    });
    if (!chosen && state.spaces.length) mark(1, 0);
  }

  /** Marks a unit as the chosen one, without calling `choose`. */
  function mark(layer, unit) {
    if (chosen) {
      const before = nodes[chosen[0]]?.group[chosen[1]]?.node;
      before?.classList.remove("chosen");
      before?.setAttribute("tabindex", "-1");
      before?.setAttribute("aria-pressed", "false");
    }
    chosen = [layer, unit];
    const node = nodes[layer]?.group[unit]?.node;
    node?.classList.add("chosen");
    node?.setAttribute("tabindex", "0");
    node?.setAttribute("aria-pressed", "true");
  }

  const unitOf = (target) => {
    const node = target.closest?.(".node");
    return node ? [Number(node.dataset.layer), Number(node.dataset.unit)] : null;
  };

  /** The weight whose line is nearest to a place. */
  function nearest([x, y]) {
    let best = null, least = 7;
    shown.layers.forEach(({ weight }, layer) => {
      const reads = dims[layer];
      const [left, right] = [places[layer][0][0], places[layer + 1][0][0]];
      if (x < left || x > right) return;
      const along = (x - left) / (right - left);
      for (let at = 0; at < weight.length; at += 1) {
        const input = at % reads, output = Math.floor(at / reads);
        const from = places[layer][input][1], to = places[layer + 1][output][1];
        const slope = (to - from) / (right - left);
        const off = Math.abs(from + (to - from) * along - y) / Math.hypot(1, slope);
        if (off < least) [best, least] = [{ layer, output, input }, off];
      }
    });
    return best;
  }

  svg.addEventListener("click", (event) => {
    const unit = unitOf(event.target);
    if (unit) {
      mark(...unit);
      choose(...unit);
      return;
    }
    const box = svg.getBoundingClientRect();
    const at = [event.clientX - box.left, event.clientY - box.top];
    const found = shown && nearest(at);
    if (found) pick(found, at);
  });
  svg.addEventListener("keydown", (event) => {
    const unit = unitOf(event.target);
    if (!unit) return;
    let [layer, number] = unit;
    if (event.key === "ArrowDown") number += 1;
    else if (event.key === "ArrowUp") number -= 1;
    else if (event.key === "ArrowRight") layer += 1;
    else if (event.key === "ArrowLeft") layer -= 1;
    else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      choose(layer, number);
      return;
    } else return;
    event.preventDefault();
    event.stopPropagation();
    layer = Math.max(1, Math.min(dims.length - 2, layer));
    number = Math.max(0, Math.min(dims[layer] - 1, number));
    mark(layer, number);
    choose(layer, number);
    nodes[layer].group[number].node.focus();
  });

  return {
    draw,
    mark,
    chosen: () => chosen,
    /** Where a unit is drawn, for tests. */
    place: (layer, unit) => places[layer][unit],
  };
}
