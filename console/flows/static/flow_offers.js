// What can be written at a place of a flow's text: made from the schemas of the checker, and from what
// the text and the centre have. Each is {label, detail, info, type, apply}.
import { fill } from "/static/app/page.js";

const OUTSIDE = ["queue", "calendar", "agent", "line", "secret", "flow", "recording"];

export class Offers {
  // `words` are the language's, `texts` those of the page; `picture()` is the newest one.
  constructor(words, texts, picture) {
    this.words = words;
    this.texts = texts;
    this.picture = picture;
    this.kinds = new Map(words.kinds.map((kind) => [kind.name, kind]));
  }

  node(id) {
    return this.picture()?.nodes.find((node) => node.id === id);
  }

  // The settings at a path below a node (or the whole flow), and the one that the path ends in.
  settings(path, kindOf) {
    if (path[0] === "announcements" && path.length === 1) return { fields: this.words.announcements };
    if (path[0] === "variables") return path.length === 2 ? { fields: this.words.variable } : null;
    if (path[0] !== "nodes") return path.length ? null : { fields: this.words.top };
    if (path.length < 2) return null;
    const kind = this.kinds.get(kindOf(path[1]));
    let fields = kind?.fields ?? [];
    let field = null;
    for (let at = 2; at < path.length; at += 1) {
      field = fields.find((one) => one.name === path[at]) ?? null;
      if (!field) return null;
      if (field.mapped && field.fields.length) at += 1;
      fields = field.fields;
      if (at >= path.length) return { fields: [], field, kind };
    }
    return { fields, field, kind };
  }

  keys({ path, kindOf, siblings }) {
    const written = (name) => siblings.has(name);
    if (path[0] === "nodes" && path.length === 1) {
      const there = new Set(this.picture()?.nodes.map((node) => node.id));
      const led = (this.picture()?.nodes ?? []).flatMap((node) => node.exits.map((exit) => exit.to));
      return [...new Set(led)].filter((id) => id && !there.has(id))
        .map((id) => ({ label: id, detail: this.texts.new_node, type: "class", apply: `${id}:\n    kind: ` }));
    }
    if (path[0] === "nodes" && path[2] === "exits" && path.length === 3) {
      const names = new Set(this.node(path[1])?.exits.map((exit) => exit.name));
      for (const name of this.kinds.get(kindOf(path[1]))?.exits ?? []) names.add(name);
      return [...names].filter((name) => !written(name))
        .map((name) => ({ label: name, detail: this.texts.exit_of, type: "property", apply: `${name}: ` }));
    }
    if (path[0] === "prompts" && path.length === 2) {
      return (this.picture()?.languages ?? []).filter((tag) => !written(tag))
        .map((tag) => ({ label: tag, type: "property", apply: `${tag}: ` }));
    }
    const found = this.settings(path, kindOf);
    if (!found) return [];
    if (found.field?.mapped && !found.field.fields.length) {
      return found.field.keys_refer ? this.named(found.field.keys_refer).map((one) => ({ ...one, apply: `${one.label}: ` })) : [];
    }
    const offers = found.fields.filter((field) => !written(field.name)).map((field) => ({
      label: field.name, detail: this.short(field), info: this.about(field), type: "property",
      boost: field.required ? 2 : 0, apply: `${field.name}: `,
    }));
    if (path[0] === "nodes" && path.length === 2) {
      if (!written("kind")) offers.unshift({ label: "kind", type: "keyword", boost: 9, apply: "kind: " });
      if (!written("exits") && this.exits(path[1], kindOf).length) {
        offers.push({ label: "exits", type: "keyword", boost: 1, apply: this.exitsText(path[1], kindOf) });
      }
    }
    return offers;
  }

  exits(id, kindOf) {
    const known = this.node(id)?.exits.map((exit) => exit.name) ?? [];
    return known.length ? known : this.kinds.get(kindOf(id))?.exits ?? [];
  }

  exitsText(id, kindOf) {
    return `exits: {${this.exits(id, kindOf).map((name) => `${name}: `).join(", ")}}`;
  }

  values({ path, key, word, kindOf }) {
    const gap = /\{([a-z0-9_]*)$/.exec(word);
    if (gap && (path[0] === "prompts" || path[0] === "nodes")) {
      return this.named("variable").map((one) => ({ ...one, apply: `${one.label}}`, from: -gap[1].length }));
    }
    if (path[0] === "nodes" && path.length === 2 && key === "kind") {
      return this.words.kinds.map((kind) => ({ label: kind.name, detail: kind.title, info: kind.about, type: "class" }));
    }
    if (path[0] === "nodes" && path[2] === "exits" && path.length === 3) return this.named("node");
    const found = this.settings(path, kindOf);
    if (!found) return [];
    const mapping = found.field?.mapped && !found.field.fields.length ? found.field : null;
    const field = mapping ?? found.fields.find((one) => one.name === key);
    if (!field) return [];
    const values = field.values.map((value) => ({
      label: /^[#*&!@`%]|^$/.test(value) ? `"${value}"` : value, type: "enum",
      detail: value === field.default ? fill(this.texts.default, { value }) : undefined,
    }));
    return [...values, ...(field.refers ? this.named(field.refers) : [])];
  }

  named(sort) {
    const picture = this.picture();
    if (OUTSIDE.includes(sort)) {
      return (this.words.outside[sort] ?? []).map((name) => ({ label: /^[0-9]+$/.test(name) ? `"${name}"` : name, type: "constant" }));
    }
    if (!picture) return [];
    if (sort === "prompt") {
      return Object.entries(picture.prompts).map(([label, { texts }]) => ({ label, type: "text", detail: Object.values(texts)[0]?.slice(0, 40), info: Object.entries(texts).map(([tag, text]) => `${tag}: ${text}`).join("\n") }));
    }
    if (sort === "variable") {
      return Object.entries(picture.variables).map(([label, detail]) => ({ label, detail, type: "variable" }));
    }
    if (sort === "language") return picture.languages.map((label) => ({ label, type: "constant" }));
    return picture.nodes.map((node) => ({ label: node.id, detail: this.kinds.get(node.kind)?.title ?? node.kind, info: node.about, type: "class" }));
  }

  short(field) {
    if (field.required) return this.texts.needed;
    return field.default === null ? undefined : fill(this.texts.default, { value: field.default });
  }

  about(field) {
    const values = field.values.length ? fill(this.texts.values, { values: field.values.join(", ") }) : "";
    return [field.about, values].filter(Boolean).join(" · ");
  }

  // What a word means where it stands: lines of text, or none.
  meaning({ path, key, kindOf }, word) {
    if (key === "kind" && path.length === 2) {
      const kind = this.kinds.get(word);
      return kind ? [kind.title, kind.about] : [];
    }
    if (word === key || key === null) {
      const field = this.settings(path, kindOf)?.fields.find((one) => one.name === word);
      if (field) return [this.about(field), this.short(field)].filter(Boolean);
    }
    if (word === key) return [];
    const found = this.values({ path, key, word: "", kindOf }).find((one) => one.label === word);
    return found ? [found.detail, found.info].filter(Boolean) : [];
  }
}
