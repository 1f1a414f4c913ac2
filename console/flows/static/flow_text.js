// The text of a flow in CodeMirror. It lives in a shadow root: CodeMirror styles itself, and the page's
// Content Security Policy lets only sheets that a script has built do that.
import {
  Decoration, EditorState, EditorView, HighlightStyle, StateEffect, StateField, acceptCompletion, autocompletion,
  bracketMatching, closeBrackets, closeBracketsKeymap, completionKeymap, defaultKeymap, drawSelection, foldGutter,
  foldKeymap, highlightActiveLine, highlightActiveLineGutter, highlightSelectionMatches, highlightSpecialChars,
  history, historyKeymap, hoverTooltip, indentOnInput, indentUnit, indentWithTab, keymap, lineNumbers, lintGutter,
  nextDiagnostic, openSearchPanel, redo, search, searchKeymap, setDiagnostics, startCompletion, syntaxHighlighting,
  tags, toggleComment, undo, yaml,
} from "/static/vendor/codemirror/codemirror.min.js";
import { placeAt } from "./flow_places.js";

// The same by day and by night, as the picture beside it.
const LOOKS = {
  "&": { height: "100%", fontSize: "13px", color: "#1d2733", backgroundColor: "#fff" },
  "&.cm-focused": { outline: "2px solid #0b62b8", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "var(--tblr-font-monospace, ui-monospace, monospace)", lineHeight: "1.55" },
  ".cm-gutters": { backgroundColor: "#f6f8fb", color: "#5a6577", borderRight: "1px solid #dce1e7" },
  ".cm-activeLine": { backgroundColor: "rgb(11 98 184 / .05)" },
  ".cm-activeLineGutter": { backgroundColor: "rgb(11 98 184 / .12)", color: "#1d2733" },
  ".cm-node-here": { boxShadow: "inset 3px 0 0 #0b62b8" },
  ".cm-tooltip": { border: "1px solid #dce1e7", borderRadius: "6px", boxShadow: "0 .5rem 1.5rem rgb(24 36 51 / .15)", backgroundColor: "#fff", color: "#1d2733", overflow: "hidden" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "inherit", maxHeight: "16em" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "3px 8px" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "#0b62b8", color: "#fff" },
  ".cm-completionDetail": { fontStyle: "normal", opacity: ".75", marginLeft: "1em" },
  ".cm-completionInfo": { maxWidth: "24rem", whiteSpace: "pre-wrap", padding: ".5rem .75rem" },
  ".cm-meaning": { maxWidth: "26rem", padding: ".4rem .7rem", fontSize: "13px" },
  ".cm-meaning p": { margin: "0" },
  ".cm-meaning p + p": { color: "#5a6577" },
  ".cm-diagnostic": { maxWidth: "36rem", padding: ".35rem .7rem", borderLeftWidth: "3px" },
  ".cm-diagnostic-error": { borderLeftColor: "#bd2c2c" },
  ".cm-diagnostic-warning": { borderLeftColor: "#a84a08" },
  ".cm-diagnosticAction": { backgroundColor: "#0b62b8", color: "#fff", borderRadius: "4px", marginLeft: "0", marginTop: ".25rem", padding: "2px 8px" },
  ".cm-remedy": { color: "#5a6577", display: "block" },
  ".cm-panels": { backgroundColor: "#f6f8fb", color: "#1d2733", borderColor: "#dce1e7" },
  ".cm-panel.cm-search label": { fontSize: "13px" },
  ".cm-panel .cm-textfield": { border: "1px solid #dce1e7", borderRadius: "4px", padding: "2px 6px" },
  ".cm-panel .cm-button": { backgroundImage: "none", backgroundColor: "#fff", border: "1px solid #dce1e7", borderRadius: "4px" },
};
const COLOURS = HighlightStyle.define([
  { tag: [tags.definition(tags.propertyName), tags.propertyName], color: "#0b5394" },
  { tag: tags.comment, color: "#5a6577", fontStyle: "italic" },
  { tag: tags.string, color: "#7a3e00" },
  { tag: [tags.content, tags.attributeValue], color: "#1d2733" },
  { tag: [tags.number, tags.bool, tags.keyword], color: "#6b2fa0" },
  { tag: [tags.separator, tags.punctuation, tags.squareBracket, tags.brace], color: "#5a6577" },
  { tag: tags.invalid, color: "#bd2c2c" },
]);

const markNode = StateEffect.define();
const nodeHere = StateField.define({
  create: () => Decoration.none,
  update(marks, change) {
    for (const effect of change.effects) {
      if (!effect.is(markNode)) continue;
      const { line, until } = effect.value ?? {};
      if (!line || line > change.state.doc.lines) return Decoration.none;
      const last = Math.min(until ? until - 1 : change.state.doc.lines, change.state.doc.lines);
      const set = [];
      for (let n = line; n <= last; n += 1) set.push(Decoration.line({ class: "cm-node-here" }).range(change.state.doc.line(n).from));
      return Decoration.set(set);
    }
    return marks.map(change.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

export class FlowText {
  // `place` becomes the editor. `offers` is given later; `on` has changed(), moved(line) and save().
  constructor(place, { text, label, mayChange, phrases, on }) {
    this.offers = null;
    this.phrases = phrases;
    const root = place.attachShadow({ mode: "open" });
    const inside = document.createElement("div");
    root.append(inside);
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(":host, :host > div { display: block; height: 100%; } :host > div { overflow: hidden; }");
    root.adoptedStyleSheets = [sheet];
    let line = 0;
    this.view = new EditorView({
      root,
      parent: inside,
      state: EditorState.create({
        doc: text,
        extensions: [
          EditorState.phrases.of(phrases),
          EditorState.readOnly.of(!mayChange),
          EditorState.tabSize.of(2),
          indentUnit.of("  "),
          lineNumbers(), foldGutter(), lintGutter(), highlightActiveLineGutter(), highlightSpecialChars(),
          history(), drawSelection(), indentOnInput(), bracketMatching(), closeBrackets(), highlightActiveLine(),
          highlightSelectionMatches(), search({ top: true }), nodeHere,
          yaml(), syntaxHighlighting(COLOURS), EditorView.theme(LOOKS),
          EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", autocorrect: "off", tabindex: "0" }),
          autocompletion({ override: [(context) => this.completions(context)], activateOnTyping: true, maxRenderedOptions: 200 }),
          hoverTooltip((view, pos, side) => this.meaning(view, pos, side)),
          keymap.of([
            { key: "Mod-s", preventDefault: true, run: () => (on.save(), true) },
            { key: "F8", run: nextDiagnostic },
            { key: "Alt-/", run: startCompletion }, // Ctrl+Space is what changes the keyboard's language in China
            { key: "Tab", run: acceptCompletion },
            { key: "Mod-/", run: toggleComment },
            ...closeBracketsKeymap, ...completionKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap,
            ...defaultKeymap, indentWithTab,
          ]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) on.changed();
            const now = update.state.doc.lineAt(update.state.selection.main.head).number;
            if (now !== line || update.docChanged) on.moved((line = now));
          }),
        ],
      }),
    });
    this.keepCursorInSight();
  }

  // What stands below grows while people type, and must not hide the line that they are at.
  keepCursorInSight() {
    const scroller = this.view.scrollDOM;
    let height = scroller.clientHeight;
    new ResizeObserver(() => {
      const before = height;
      height = scroller.clientHeight;
      if (height >= before || !this.view.hasFocus) return;
      const at = this.view.state.selection.main.head;
      const down = (this.view.coordsAtPos(at)?.bottom ?? 0) - scroller.getBoundingClientRect().top;
      if (down > height && down <= before) this.view.dispatch({ effects: EditorView.scrollIntoView(at) });
    }).observe(scroller);
  }

  get text() { return this.view.state.doc.toString(); }

  // Puts another text in its place; undo brings back what was there.
  replace(text) {
    this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text } });
  }

  focus() { this.view.focus(); }
  undo() { undo(this.view); this.focus(); }
  redo() { redo(this.view); this.focus(); }
  nextFault() { this.focus(); nextDiagnostic(this.view); }
  find() { openSearchPanel(this.view); }
  complete() { this.focus(); startCompletion(this.view); }
  get line() { return this.view.state.doc.lineAt(this.view.state.selection.main.head).number; }

  position(line, column = 1) {
    const at = this.view.state.doc.line(Math.min(Math.max(line, 1), this.view.state.doc.lines));
    return Math.min(at.from + Math.max(column, 1) - 1, at.to);
  }

  goTo(line, column = 1) {
    const at = this.position(line, column);
    this.view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
    this.focus();
  }

  markNode(node) { this.view.dispatch({ effects: markNode.of(node) }); }

  // Faults as {severity, line, column, text, remedy}.
  showFaults(faults) {
    const doc = this.view.state.doc;
    const found = faults.map((fault) => {
      let from = this.position(fault.line, fault.column);
      const line = doc.lineAt(from);
      const word = /^(?:"[^"]*"|[^\s,:{}[\]#]+)/.exec(doc.sliceString(from, line.to));
      let to = word ? from + word[0].length : line.to;
      if (to <= from) from = line.from + (line.text.length - line.text.trimStart().length), to = Math.max(line.to, from);
      const instead = word && fault.instead !== null && !this.view.state.readOnly ? fault.instead : null;
      return {
        from, to, severity: fault.severity, message: fault.text,
        actions: instead === null ? [] : [{ name: this.phrases.instead.replace("%(name)s", instead), apply: (view, first, last) => view.dispatch({ changes: { from: first, to: last, insert: instead }, userEvent: "input.complete" }) }],
        renderMessage() {
          const said = document.createElement("span");
          said.textContent = fault.text;
          if (fault.remedy) {
            const remedy = document.createElement("span");
            remedy.className = "cm-remedy";
            remedy.textContent = fault.remedy;
            said.append(remedy);
          }
          return said;
        },
      };
    });
    this.view.dispatch(setDiagnostics(this.view.state, found));
  }

  // The kind of the node that the text around a place belongs to, by the text itself: it may be newer
  // than the picture.
  kindOf(doc, pos) {
    return (id) => {
      for (let n = doc.lineAt(pos).number; n >= 1; n -= 1) {
        const head = doc.line(n).text;
        if (!head.startsWith(`  ${id}:`)) continue;
        for (let m = n; m <= Math.min(n + 40, doc.lines); m += 1) {
          const text = doc.line(m).text;
          if (m > n && /^ {0,2}[^\s#]/.test(text)) break;
          const kind = /(?:^\s+|[{,]\s*)kind:\s*([a-z_]+)/.exec(text);
          if (kind) return kind[1];
        }
        break;
      }
      return this.offers?.node(id)?.kind ?? "";
    };
  }

  // The keys that stand beside a place in the same mapping.
  siblings(doc, pos, place) {
    const found = new Set();
    const line = doc.lineAt(pos);
    const inline = line.text.slice(0, pos - line.from).lastIndexOf("{");
    const end = line.text.indexOf("}", inline);
    if (inline >= 0 && (end < 0 || end >= pos - line.from)) {
      for (const [, key] of line.text.slice(inline + 1).matchAll(/(?:^|,)\s*["']?([^\s:,"'{}]+)["']?\s*:/g)) found.add(key);
      return found;
    }
    const indent = place.from - line.from;
    for (const step of [-1, 1]) {
      for (let n = line.number + step; n >= 1 && n <= doc.lines; n += step) {
        const text = doc.line(n).text;
        if (!text.trim() || text.trim().startsWith("#")) continue;
        const own = text.length - text.trimStart().length;
        if (own < indent) break;
        if (own === indent) found.add(/^["']?([^\s:"']+)/.exec(text.trim())?.[1]);
      }
    }
    return found;
  }

  completions(context) {
    if (!this.offers) return null;
    const place = placeAt(context.state.doc, context.pos);
    if (!place) return null;
    const about = { ...place, kindOf: this.kindOf(context.state.doc, context.pos) };
    let options;
    if (place.key === null) {
      options = this.offers.keys({ ...about, siblings: this.siblings(context.state.doc, context.pos, place) });
    } else {
      options = this.offers.values(about);
      if (about.key === "kind") options = options.map((one) => this.withSettings(context, place, one));
    }
    const gap = options[0]?.from;
    if (!context.explicit && !place.word.trim() && place.key === null) return null;
    if (!options.length) return null;
    return { from: gap === undefined ? place.from : context.pos + gap, options: options.map(({ from, ...one }) => one), validFor: /^["']?[\w.-]*$/ };
  }

  // A kind that is chosen for a node in which nothing else stands brings its settings along: those that must
  // be there, and the exits. The cursor goes to the first.
  withSettings(context, place, offer) {
    const line = context.state.doc.lineAt(context.pos);
    const indent = line.text.length - line.text.trimStart().length;
    const others = this.siblings(context.state.doc, line.from + indent, { from: line.from + indent });
    others.delete("kind");
    if (others.size || line.text.includes("{") || line.to !== context.pos) return offer;
    const kind = this.offers.kinds.get(offer.label);
    const rows = kind.fields.filter((field) => field.required).map((field) => `${field.name}: `);
    if (kind.exits.length) rows.push(`exits: {${kind.exits.map((name) => `${name}: `).join(", ")}}`);
    const text = [offer.label, ...rows].join(`\n${" ".repeat(indent)}`);
    const first = rows.length ? offer.label.length + 1 + indent + (rows[0].startsWith("exits: {") ? rows[0].indexOf(": ", 8) + 2 : rows[0].length) : text.length;
    return { ...offer, apply: (view, _, from, to) => view.dispatch({ changes: { from, to, insert: text }, selection: { anchor: from + first }, userEvent: "input.complete" }) };
  }

  meaning(view, pos, side) {
    if (!this.offers) return null;
    const word = view.state.wordAt(pos);
    if (!word || (word.from === pos && side < 0) || (word.to === pos && side > 0)) return null;
    const place = placeAt(view.state.doc, word.to);
    if (!place) return null;
    const said = view.state.doc.sliceString(word.from, word.to);
    const colon = view.state.doc.sliceString(word.to, word.to + 1) === ":";
    const where = colon && place.key === null ? { ...place, key: said } : place;
    const lines = this.offers.meaning({ ...where, kindOf: this.kindOf(view.state.doc, pos) }, said);
    if (!lines.length) return null;
    return {
      pos: word.from, end: word.to, above: true,
      create() {
        const dom = document.createElement("div");
        dom.className = "cm-meaning";
        for (const text of lines) dom.append(Object.assign(document.createElement("p"), { textContent: text }));
        return { dom };
      },
    };
  }
}
