// The shapes of a flow's picture, and what stands on them.

const SVG = "http://www.w3.org/2000/svg";
export const WIDTH = 208;
export const HEIGHT = 56;
const GROUPS = {
  talk: ["say", "play", "pause"],
  ask: ["menu", "collect", "language", "survey"],
  decide: ["choose", "set", "hours", "split", "look_up"],
  person: ["queue", "agent", "number", "callback", "voicemail", "record", "opt_out"],
  flow: ["flow", "return", "go_on"],
  end: ["hangup"],
};
export const groupOf = (kind) => Object.keys(GROUPS).find((group) => GROUPS[group].includes(kind)) ?? "odd";

export function made(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) if (value !== null) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

const wide = (char) => (/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/.test(char) ? 1.85 : 1);
export const widthOf = (text) => [...text].reduce((sum, char) => sum + wide(char), 0);

// The beginning of a text that is as wide as so many Latin letters.
export function cut(text, most) {
  let sum = 0;
  let shown = "";
  for (const char of text) {
    sum += wide(char);
    if (sum > most) return `${shown.trimEnd()}…`;
    shown += char;
  }
  return shown;
}

export function curve(points) {
  const [first, ...rest] = points;
  let path = `M${first.x.toFixed(1)},${first.y.toFixed(1)}`;
  for (let n = 0; n < rest.length - 1; n += 1) {
    const middle = { x: (rest[n].x + rest[n + 1].x) / 2, y: (rest[n].y + rest[n + 1].y) / 2 };
    const end = n === rest.length - 2 ? rest[n + 1] : middle;
    path += `Q${rest[n].x.toFixed(1)},${rest[n].y.toFixed(1)} ${end.x.toFixed(1)},${end.y.toFixed(1)}`;
  }
  if (rest.length === 1) path += `L${rest[0].x.toFixed(1)},${rest[0].y.toFixed(1)}`;
  return path;
}

// The exits of a node that lead to the same place are one line.
export function linesOf(picture) {
  const lines = new Map();
  for (const node of picture.nodes) {
    for (const exit of node.exits) {
      if (!exit.to) continue;
      const name = `${node.id}>${exit.to}`;
      if (!lines.has(name)) lines.set(name, { name, from: node.id, to: exit.to, exits: [], inner: false });
      if (exit.written) lines.get(name).exits.push(exit);
      else (lines.get(name).implied ??= []).push(exit);
    }
    for (const to of node.inner) {
      lines.set(`${node.id}~${to}`, { name: `${node.id}~${to}`, from: node.id, to, exits: [], inner: true });
    }
  }
  return [...lines.values()];
}

export function labelOf(line, texts) {
  if (line.inner) return texts.in_queue;
  const words = line.exits.map((exit) => (exit.keys ? `${exit.keys} · ${exit.name}` : exit.name));
  return words.length === 1 && words[0] === "next" ? "" : cut(words.join(", "), 34);
}

// A plain picture for a flow so entangled that a good one takes too long: nodes in rows by how many steps
// they are from the start, at most eight in a row. In the form of flow_layout.js.
export function laidOutPlainly({ nodes, edges, start }) {
  const next = new Map(nodes.map(({ id }) => [id, []]));
  for (const { from, to } of edges) next.get(from)?.push(to);
  const seen = new Set();
  const rows = [];
  for (const first of [start, ...next.keys()]) {
    let wave = next.has(first) && !seen.has(first) ? [first] : [];
    while (wave.length) {
      for (const id of wave) seen.add(id);
      for (let at = 0; at < wave.length; at += 8) rows.push(wave.slice(at, at + 8));
      wave = [...new Set(wave.flatMap((id) => next.get(id)))].filter((id) => next.has(id) && !seen.has(id));
    }
  }
  const widest = Math.max(1, ...rows.map((row) => row.length));
  const [wideStep, highStep] = [WIDTH + 40, HEIGHT + 64];
  const spots = {};
  rows.forEach((row, n) => row.forEach((id, at) => {
    spots[id] = { x: 16 + (at + 0.5 + (widest - row.length) / 2) * wideStep, y: 16 + HEIGHT / 2 + n * highStep };
  }));
  return {
    width: widest * wideStep + 32, height: rows.length * highStep + 32, nodes: spots,
    edges: edges.filter(({ from, to }) => spots[from] && spots[to]).map(({ name, from, to }) => {
      const [a, b] = [spots[from], spots[to]];
      const down = b.y > a.y ? 1 : -1;
      const middle = { x: (a.x + b.x) / 2 + (a.y === b.y || from === to ? 0 : 12 * down), y: (a.y + b.y) / 2 + (a.y === b.y ? HEIGHT : 0) };
      return { name, points: [{ x: a.x, y: a.y + (down * HEIGHT) / 2 }, middle, { x: b.x, y: b.y - (down * HEIGHT) / 2 }], x: middle.x, y: middle.y };
    }),
  };
}
