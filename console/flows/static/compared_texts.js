// What was typed in a flow, and what somebody else has saved meanwhile.
import { EditorState, EditorView, MergeView, defaultKeymap, history, historyKeymap, keymap, lineNumbers, yaml } from "/static/vendor/codemirror/codemirror.min.js";

// Shows two texts side by side, of which the right one can be changed; resolves to {what, text}: "theirs",
// "mine" (the right side as it is then), or "later".
export function compared(box, { theirs, mine, phrases }) {
  const place = box.querySelector("[data-merge]");
  const host = document.createElement("div");
  host.className = "flow-merge";
  place.replaceChildren(host);
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(":host { display: block; height: 100%; overflow: auto; } .cm-mergeView { font-size: 13px; } .cm-editor { background: #fff; } .cm-collapsedLines::before, .cm-collapsedLines::after { content: '⋯' !important; }");
  root.adoptedStyleSheets = [sheet];
  const common = [EditorState.phrases.of(phrases), lineNumbers(), yaml(), EditorView.lineWrapping];
  const called = (head) => EditorView.contentAttributes.of({ "aria-label": box.querySelector(head).textContent, tabindex: "0" });
  const merge = new MergeView({
    root, parent: root, revertControls: "a-to-b", gutter: true, collapseUnchanged: { margin: 3, minSize: 6 },
    a: { doc: theirs, extensions: [...common, called("[data-theirs]"), EditorState.readOnly.of(true), EditorView.editable.of(false)] },
    b: { doc: mine, extensions: [...common, called("[data-mine]"), history(), keymap.of([...historyKeymap, ...defaultKeymap])] },
  });
  box.returnValue = "later";
  box.showModal();
  return new Promise((resolve) => {
    box.addEventListener("close", () => {
      const text = merge.b.state.doc.toString();
      merge.destroy();
      resolve({ what: box.returnValue || "later", text });
    }, { once: true });
  });
}
