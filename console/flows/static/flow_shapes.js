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
