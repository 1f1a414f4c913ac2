// Draws a flow: nodes, and their exits as labelled lines. What it draws is what the server makes of the
// text (`picture`); `kinds` has each kind's title and icon. `paint` lays figures over it.
import { HEIGHT, WIDTH, curve, cut, groupOf, labelOf, laidOutPlainly, linesOf, made, widthOf } from "./flow_shapes.js";

const SMALLEST = 0.1;
const LEGIBLE = 0.55;
const LARGEST = 2.5;
const PATIENCE_MS = 4000; // with dagre

export class FlowPicture {
  // `on.chosen(node)` is called when a node is chosen by mouse or keyboard.
  constructor(place, { kinds, texts, label, on = {} }) {
    this.place = place;
    this.kinds = new Map(kinds.map((kind) => [kind.name, kind]));
    this.texts = texts;
    this.on = on;
    this.picture = null;
    this.figures = null;
    this.faulty = new Set();
    this.here = null;
    this.scale = 1;
    this.x = 0;
    this.y = 0;
    this.fitted = false;
    this.touched = false; // by the user, who then looks where they like
    this.number = 0;
    this.late = null;
    this.elements = new Map();
    this.lines = new Map();
    this.svg = made("svg", { role: "group", "aria-label": label, class: "flow-svg" });
    this.svg.append(made("defs", {}, this.arrow("flow-arrow"), this.arrow("flow-arrow-never")));
    this.root = this.svg.appendChild(made("g"));
    this.empty = Object.assign(document.createElement("p"), { className: "flow-empty", textContent: texts.no_nodes });
    place.append(this.svg, this.empty);
    this.worker = this.hired();
    this.listen();
  }

  arrow(id) {
    return made("marker", { id, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse", class: id }, made("path", { d: "M0,0L8,4L0,8z" }));
  }

  hired() {
    const worker = new Worker("/static/flows/flow_layout.js", { type: "module" });
    worker.onmessage = ({ data }) => this.placed(data);
    return worker;
  }

  // Shows another picture; where one looks stays.
  draw(picture) {
    this.picture = picture;
    this.wanted = { nodes: this.boxes(picture), lines: linesOf(picture) };
    this.number += 1;
    this.begun = performance.now();
    this.empty.hidden = picture.nodes.length > 0;
    const asked = {
      number: this.number,
      start: picture.start,
      nodes: this.wanted.nodes.map(({ id }) => ({ id, width: WIDTH, height: HEIGHT })),
      edges: this.wanted.lines.map((line) => {
        const label = labelOf(line, this.texts);
        return { from: line.from, to: line.to, name: line.name, width: label ? widthOf(label) * 6.6 + 12 : 1, height: label ? 18 : 1, weight: line.inner ? 1 : 2 };
      }),
    };
    if (this.late) this.dismiss(); // it still works on a picture that nobody wants any more
    this.late = setTimeout(() => {
      this.dismiss();
      this.placePlainly(asked);
    }, PATIENCE_MS);
    this.asked = asked;
    this.worker.postMessage(asked);
  }

  placePlainly(asked) {
    this.placed({ number: asked.number, ...laidOutPlainly(asked) });
  }

  dismiss() {
    clearTimeout(this.late);
    this.late = null;
    this.worker.terminate();
    this.worker = this.hired();
  }

  // The nodes, and a ghost for each target that isn't there.
  boxes(picture) {
    const there = new Set(picture.nodes.map((node) => node.id));
    const led = picture.nodes.flatMap((node) => [...node.exits.map((exit) => exit.to), ...node.inner]);
    const ghosts = [...new Set(led)].filter((id) => id && !there.has(id));
    return [...picture.nodes, ...ghosts.map((id) => ({ id, ghost: true, kind: "", about: this.texts.missing, exits: [], inner: [] }))];
  }

  placed(data) {
    if (data.number !== this.number) return;
    clearTimeout(this.late);
    this.late = null;
    if (data.failed) return this.placePlainly(this.asked);
    const { nodes, lines } = this.wanted;
    this.size = { width: data.width, height: data.height };
    const before = this.spots;
    const byName = new Map(data.edges.map((edge) => [edge.name, edge]));
    const focused = this.root.contains(document.activeElement) ? document.activeElement.dataset.id : null;
    this.elements.clear();
    this.lines.clear();
    const inner = this.innerNodes();
    const under = made("g");
    const labels = made("g");
    for (const line of lines) this.drawLine(line, byName.get(line.name), under, labels);
    const boxes = made("g");
    for (const node of nodes) boxes.append(this.drawNode(node, data.nodes[node.id], inner.has(node.id)));
    this.root.replaceChildren(under, labels, boxes);
    this.spots = data.nodes;
    this.tabStop = this.elements.has(this.tabStop) ? this.tabStop : this.picture.start;
    if (!this.elements.has(this.tabStop)) this.tabStop = nodes[0]?.id;
    this.elements.get(this.tabStop)?.setAttribute("tabindex", "0");
    if (focused) this.elements.get(focused)?.focus();
    this.showFaulty(this.faulty);
    this.showHere(this.here);
    if (this.figures) this.paint(this.figures);
    if (!nodes.length) this.fitted = false;
    else if (!this.fitted || (!this.touched && this.fits())) this.fit();
    else this.hold(before);
    this.place.dataset.drawnMs = Math.round(performance.now() - this.begun);
    this.place.dataset.nodes = nodes.length;
    this.on.drawn?.();
  }

  // What belongs to an in-queue flow.
  innerNodes() {
    const byId = new Map(this.picture.nodes.map((node) => [node.id, node]));
    const todo = this.picture.nodes.flatMap((node) => node.inner);
    const found = new Set(todo);
    while (todo.length) {
      for (const { to } of byId.get(todo.pop())?.exits ?? []) {
        if (to && !found.has(to)) { found.add(to); todo.push(to); }
      }
    }
    return found;
  }

  drawLine(line, at, under, labels) {
    if (!at) return;
    const path = made("path", { d: curve(at.points), class: `flow-line${line.inner ? " is-inner" : ""}`, "marker-end": "url(#flow-arrow)" });
    under.append(path);
    const text = labelOf(line, this.texts);
    let label = null;
    if (text) {
      label = made("g", { class: `flow-label${line.inner ? " is-inner" : ""}`, transform: `translate(${at.x},${at.y})` });
      const width = widthOf(text) * 6.4 + 10;
      label.append(made("rect", { x: -width / 2, y: -9, width, height: 18, rx: 9 }), made("text", { y: 4, "text-anchor": "middle" }, text));
      labels.append(label);
    }
    this.lines.set(line.name, { line, path, label, at });
  }

  drawNode(node, { x, y }, inner) {
    const kind = this.kinds.get(node.kind);
    const start = node.id === this.picture.start;
    const about = node.about || { queue: this.texts.own_queue, hours: this.texts.own_calendar }[node.kind] || "";
    const classes = ["flow-node", `is-${groupOf(node.kind)}`, inner && "is-inner", node.ghost && "is-ghost", start && "is-start", node.enters && node.kind === "flow" && "is-sub"];
    const title = kind?.title ?? node.kind;
    const element = made("g", {
      class: classes.filter(Boolean).join(" "), transform: `translate(${x - WIDTH / 2},${y - HEIGHT / 2})`,
      tabindex: "-1", role: "button", "aria-description": about || null,
    });
    element.dataset.id = node.id;
    if (node.enters && node.kind === "flow") element.append(made("rect", { class: "flow-behind", x: 5, y: 5, width: WIDTH, height: HEIGHT, rx: 8 }));
    element.append(made("rect", { class: "flow-box", width: WIDTH, height: HEIGHT, rx: node.kind === "hangup" ? HEIGHT / 2 : 8 }));
    element.append(made("rect", { class: "flow-tile", x: 8, y: 12, width: 32, height: 32, rx: 8 }));
    if (kind) {
      const icon = made("g", { class: "flow-icon", transform: "translate(14,18) scale(.8333)" });
      icon.innerHTML = kind.icon;
      element.append(icon);
    }
    element.append(made("text", { class: "flow-id", x: 48, y: 23 }, cut(node.id, 21)));
    element.append(made("text", { class: "flow-about", x: 48, y: 41 }, cut(about ? `${title} · ${about}` : title, 25)));
    if (start) element.append(made("g", { class: "flow-start", transform: `translate(${WIDTH / 2},-1)` }, made("rect", { x: -26, y: -9, width: 52, height: 17, rx: 8.5 }), made("text", { y: 4, "text-anchor": "middle" }, this.texts.start)));
    element.addEventListener("click", () => this.choose(node));
    if (node.enters && this.on.entered) element.addEventListener("dblclick", () => this.on.entered(node.enters));
    // A name for the mouse alone: what reads the page for people has the node's text.
    element.addEventListener("pointerenter", () => element.prepend(made("title", {}, [`${title} ${node.id}`, about, node.enters && this.on.entered ? this.texts.enter : ""].filter(Boolean).join("\n"))));
    element.addEventListener("pointerleave", () => element.querySelector("title")?.remove());
    this.elements.set(node.id, element);
    return element;
  }

  choose(node) {
    if (this.dragged) return;
    this.tab(node.id);
    if (!node.ghost) this.on.chosen?.(node);
  }

  tab(id) {
    this.elements.get(this.tabStop)?.setAttribute("tabindex", "-1");
    this.tabStop = id;
    this.elements.get(id)?.setAttribute("tabindex", "0");
  }

  // Marks the nodes in which there are faults.
  showFaulty(ids) {
    this.faulty = new Set(ids);
    for (const [id, element] of this.elements) {
      element.classList.toggle("is-faulty", this.faulty.has(id));
      element.querySelector(".flow-fault")?.remove();
      if (this.faulty.has(id)) element.append(made("g", { class: "flow-fault", transform: `translate(${WIDTH - 4},4)` }, made("circle", { r: 9 }), made("text", { y: 4.5, "text-anchor": "middle" }, "!")));
    }
  }

  // Marks the node in which the text's cursor stands, and brings it into sight.
  showHere(id) {
    this.here = id;
    for (const [other, element] of this.elements) element.classList.toggle("is-here", other === id);
    for (const { line, path, label } of this.lines.values()) {
      const own = id !== null && (line.from === id || line.to === id);
      path.classList.toggle("is-here", own);
      label?.classList.toggle("is-here", own);
    }
    const spot = this.spots?.[id];
    if (!spot || !this.fitted) return;
    const { width, height } = this.svg.getBoundingClientRect();
    const x = spot.x * this.scale + this.x;
    const y = spot.y * this.scale + this.y;
    const halfX = (WIDTH / 2) * this.scale;
    const halfY = (HEIGHT / 2) * this.scale;
    if (x < halfX || x > width - halfX) this.x += width / 2 - x;
    if (y < halfY || y > height - halfY) this.y += height / 2 - y;
    this.move();
  }

  // Figures over the picture: {node: {entered, text, exits: {exit: number}}}; null takes them off. An exit
  // that the figures name with 0, or of a node that they name without it, is grey.
  paint(figures) {
    this.figures = figures;
    this.svg.classList.toggle("has-figures", figures !== null);
    for (const [id, element] of this.elements) {
      element.querySelector(".flow-figure")?.remove();
      element.classList.toggle("is-never", figures !== null && !(figures[id]?.entered > 0));
      if (!figures || !figures[id]) continue;
      const text = figures[id].text ?? String(figures[id].entered);
      const width = widthOf(text) * 6.8 + 14;
      element.append(made("g", { class: "flow-figure", transform: `translate(${WIDTH - width / 2 - 6},${HEIGHT})` }, made("rect", { x: -width / 2, y: -9, width, height: 18, rx: 9 }), made("text", { y: 4, "text-anchor": "middle" }, text)));
    }
    for (const { line, path, label, at } of this.lines.values()) {
      path.parentNode.querySelectorAll(`[data-line="${CSS.escape(line.name)}"]`).forEach((old) => old.remove());
      const exits = [...line.exits, ...(line.implied ?? [])];
      const taken = figures?.[line.from]?.exits;
      const count = taken ? exits.reduce((sum, exit) => sum + (taken[exit.name] ?? 0), 0) : null;
      const never = figures !== null && !line.inner && !(count > 0);
      path.classList.toggle("is-never", never);
      path.setAttribute("marker-end", `url(#flow-arrow${never ? "-never" : ""})`);
      label?.classList.toggle("is-never", never);
      if (figures === null || line.inner) continue;
      const shown = made("text", { class: `flow-count${never ? " is-never" : ""}`, x: at.x, y: at.y + (label ? 22 : 4), "text-anchor": "middle" }, String(count ?? 0));
      shown.dataset.line = line.name;
      path.parentNode.append(shown);
    }
  }

  // Leaves the node of the cursor (or the start) where it was on the screen.
  hold(before) {
    const id = [this.here, this.picture.start].find((one) => before?.[one] && this.spots[one]);
    if (id === undefined) return;
    this.x += (before[id].x - this.spots[id].x) * this.scale;
    this.y += (before[id].y - this.spots[id].y) * this.scale;
    this.move();
  }

  // Whether all of it can be read at a glance.
  fits() {
    const { width, height } = this.svg.getBoundingClientRect();
    return Math.min(width / this.size.width, height / this.size.height) >= LEGIBLE;
  }

  fit() {
    const { width, height } = this.svg.getBoundingClientRect();
    if (!this.size || !width || !height) return;
    this.scale = Math.min(1, Math.max(SMALLEST, Math.min(width / this.size.width, height / this.size.height)));
    if (!this.fitted && !this.fits()) {
      this.scale = 0.7; // begin where calls begin
      const start = this.spots[this.picture.start] ?? Object.values(this.spots)[0];
      this.x = width / 2 - start.x * this.scale;
      this.y = 24 - (start.y - HEIGHT) * this.scale;
    } else {
      this.x = (width - this.size.width * this.scale) / 2;
      this.y = Math.max(0, (height - this.size.height * this.scale) / 2);
    }
    this.fitted = true;
    this.move();
  }

  showAll() {
    this.touched = false;
    this.fit();
  }

  zoom(factor, x, y) {
    this.touched = true;
    const box = this.svg.getBoundingClientRect();
    const at = { x: x ?? box.width / 2, y: y ?? box.height / 2 };
    const scale = Math.min(LARGEST, Math.max(SMALLEST, this.scale * factor));
    this.x = at.x - ((at.x - this.x) * scale) / this.scale;
    this.y = at.y - ((at.y - this.y) * scale) / this.scale;
    this.scale = scale;
    this.move();
  }

  move() {
    this.root.setAttribute("transform", `translate(${this.x.toFixed(1)},${this.y.toFixed(1)}) scale(${this.scale.toFixed(3)})`);
  }

  listen() {
    this.svg.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.touched = true;
      const box = this.svg.getBoundingClientRect();
      if (event.ctrlKey || event.metaKey) return this.zoom(Math.exp(-event.deltaY / 300), event.clientX - box.x, event.clientY - box.y);
      this.x -= event.shiftKey ? event.deltaY : event.deltaX;
      this.y -= event.shiftKey ? 0 : event.deltaY;
      return this.move();
    }, { passive: false });
    let from = null;
    this.svg.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      this.dragged = false;
      from = { x: event.clientX, y: event.clientY };
    });
    this.svg.addEventListener("pointermove", (event) => {
      if (!from || !event.buttons) return;
      const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
      if (!this.dragged && Math.hypot(dx, dy) < 4) return;
      if (!this.dragged) this.svg.setPointerCapture(event.pointerId);
      this.dragged = this.touched = true;
      from = { x: event.clientX, y: event.clientY };
      this.x += dx;
      this.y += dy;
      this.move();
    });
    this.svg.addEventListener("pointerup", () => { from = null; });
    this.svg.addEventListener("keydown", (event) => this.pressed(event));
    this.svg.addEventListener("focusin", (event) => {
      const id = event.target.dataset?.id;
      if (id && this.spots?.[id]) this.reveal(id);
    });
    new ResizeObserver(() => { if (!this.fitted && this.size) this.fit(); }).observe(this.svg);
  }

  reveal(id) {
    const { width, height } = this.svg.getBoundingClientRect();
    const x = this.spots[id].x * this.scale + this.x;
    const y = this.spots[id].y * this.scale + this.y;
    if (x < 0 || x > width) this.x += width / 2 - x;
    if (y < 0 || y > height) this.y += height / 2 - y;
    this.move();
  }

  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const id = event.target.dataset?.id;
    if (event.key === "+" || event.key === "=") this.zoom(1.25);
    else if (event.key === "-") this.zoom(0.8);
    else if (event.key === "0") this.showAll();
    else if (id && (event.key === "Enter" || event.key === " ")) this.choose(this.wanted.nodes.find((node) => node.id === id));
    else if (id && event.key.startsWith("Arrow")) this.step(id, event.key);
    else return;
    event.preventDefault();
  }

  // To the nearest node in the direction of the key.
  step(id, key) {
    const here = this.spots[id];
    const ahead = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[key];
    let best = null;
    for (const [other, spot] of Object.entries(this.spots)) {
      if (other === id || !this.elements.has(other)) continue;
      const along = (spot.x - here.x) * ahead[0] + (spot.y - here.y) * ahead[1];
      const aside = Math.abs((spot.x - here.x) * ahead[1]) + Math.abs((spot.y - here.y) * ahead[0]);
      if (along > 8 && (best === null || along + 2 * aside < best.far)) best = { id: other, far: along + 2 * aside };
    }
    if (!best) return;
    this.tab(best.id);
    this.elements.get(best.id).focus();
  }
}
