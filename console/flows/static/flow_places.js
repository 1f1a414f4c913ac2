// Where in a flow's YAML a position is: the keys above it, and what is being written there. Pure.

const KEY = /^("(?:[^"\\]|\\.)*"|'[^']*'|[^\s#,[\]{}"'&*!|>%@`-][^#]*?|-[^\s#]+?)\s*:(?:\s|$)/;

const bare = (word) => word.trim().replace(/^(["'])(.*)\1$/, "$2");

function indentOf(text) {
  let at = 0;
  while (text[at] === " " || (text[at] === "-" && (text[at + 1] === " " || text.length === at + 1))) at += 1;
  return at;
}

// The path to what stands on a line, by the keys above that are indented less.
function above(doc, number, indent) {
  const path = [];
  for (let n = number - 1; n >= 1 && indent > 0; n -= 1) {
    const text = doc.line(n).text;
    const trimmed = text.trim();
    if (!trimmed || trimmed.startsWith("#")) continue;
    const own = indentOf(text);
    if (own < indent) {
      const key = KEY.exec(text.slice(own));
      if (key) path.unshift(bare(key[1]));
      else if (!trimmed.startsWith("-")) return path;
      // The first key of a list's item stands behind a dash, and belongs to what is above the dash.
      indent = trimmed.startsWith("-") ? text.indexOf("-") + 1 : own;
    }
  }
  return path;
}

// {path, key, from, word}: the mapping that is written in, the key whose value is written (null: a key
// is written), and the word up to the position with its beginning. null: in a comment.
export function placeAt(doc, pos) {
  const line = doc.lineAt(pos);
  const before = line.text.slice(0, pos - line.from);
  if (/(^|\s)#/.test(before.replace(/"(?:[^"\\]|\\.)*"?|'[^']*'?/g, (quoted) => "x".repeat(quoted.length)))) return null;
  const indent = indentOf(before);
  const path = above(doc, line.number, line.text.trim() ? indentOf(line.text) : indent);
  const item = before.trimStart().startsWith("-");
  const contexts = [{ map: true, key: null }];
  let at = indent;
  let token = "";
  let start = at;
  const rest = before.slice(indent);
  const first = KEY.exec(rest);
  if (first) {
    contexts[0].key = bare(first[1]);
    at = indent + first[0].length;
    start = at;
  }
  for (; at < before.length; at += 1) {
    const char = before[at];
    const context = contexts.at(-1);
    if (!token.trim() && (char === "{" || char === "[")) {
      contexts.push({ map: char === "{", key: null });
      token = "";
      start = at + 1;
    } else if (contexts.length > 1 && (char === "}" || char === "]")) {
      contexts.pop();
      token = "";
      start = at + 1;
    } else if (contexts.length > 1 && char === ",") {
      context.key = context.map ? null : context.key;
      token = "";
      start = at + 1;
    } else if (contexts.length > 1 && context.map && context.key === null && char === ":") {
      context.key = bare(token);
      token = "";
      start = at + 1;
    } else {
      if (!token && char === " ") start = at + 1;
      else token += char;
    }
  }
  for (const context of contexts.slice(0, -1)) if (context.key !== null) path.push(context.key);
  const last = contexts.at(-1);
  let key = last.key;
  if (!last.map) key = path.pop() ?? null;
  else if (contexts.length === 1 && key === null && item && path.length) key = path.pop();
  return { path, key, from: line.from + start, word: token };
}
