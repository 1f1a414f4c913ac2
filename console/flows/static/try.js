// Trying a flow out: the keyboard presses the telephone's keys, the picture shows the way so far, and
// what was heard can be listened to.
import { FlowPicture } from "./flow_picture.js";
import { play } from "./flow_prompts.js";

const texts = JSON.parse(document.getElementById("picture-texts").textContent);
const drawn = JSON.parse(document.getElementById("drawn").textContent);
const place = document.getElementById("picture");
const form = document.getElementById("try");
const typing = "input, textarea, select, [contenteditable]";

// Each click sends all that was done before, so one comes after the other; keys wait for their turn.
const waiting = [];
let busy = false;

function pressNext() {
  while (!busy && waiting.length) {
    const key = form.querySelector(`[data-key="${CSS.escape(waiting.shift())}"]`);
    if (key && !key.disabled) key.click();
  }
}

// Where a number is asked for, keys are gathered until it is complete, as on a telephone.
form.addEventListener("click", (event) => {
  const key = event.target.closest("[data-key]")?.dataset.key;
  const { most, terminators } = form.querySelector(".keypad")?.dataset ?? {};
  if (!key || !(Number(most) > 1)) return;
  event.preventDefault();
  const box = document.getElementById("keys");
  box.value += key;
  if (terminators.includes(key) || box.value.length >= Number(most)) document.getElementById("press-keys").click();
}, true);

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest(typing)) return;
  if (!form.querySelector(`[data-key="${CSS.escape(event.key)}"]`)) return;
  event.preventDefault();
  waiting.push(event.key);
  pressNext();
});
// So do keys that are clicked faster than the answers come.
form.addEventListener("click", (event) => {
  const key = event.target.closest("[data-key]");
  if (!key || !busy) return;
  event.preventDefault();
  event.stopPropagation();
  waiting.push(key.dataset.key);
}, { capture: true });
document.addEventListener("htmx:beforeRequest", () => { busy = true; });
document.addEventListener("htmx:afterRequest", (event) => {
  busy = false;
  if (event.detail.failed) waiting.length = 0;
});
document.addEventListener("htmx:afterSettle", pressNext);

// Enter in a field does what the button beside it does, not what the first button of the page does.
form.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches("input")) return;
  const beside = event.target.parentElement.querySelector("button[type=submit]");
  if (!beside) return;
  event.preventDefault();
  beside.click();
});

// The picture grows a tab of its own for the editor, because a talk is lost with its page.
const chart = place && new FlowPicture(place, {
  kinds: drawn.kinds, texts, label: place.dataset.label,
  on: { chosen: (node) => window.open(`/flows/${place.dataset.flow}#${node.id}`, "flow-editor") },
});
chart?.draw(drawn.picture);

function show() {
  const lines = document.querySelector(".talk-lines");
  if (lines) lines.scrollTop = lines.scrollHeight;
  const way = JSON.parse(document.getElementById("way")?.textContent ?? "null");
  if (!chart || !way) return;
  chart.paint(way.nodes);
  chart.showHere(way.here);
}

document.getElementById("talk").addEventListener("click", (event) => {
  const button = event.target.closest("button[data-text]");
  if (!button) return;
  const { name, language, text } = button.dataset;
  void play(button, texts, { project: place?.dataset.project ?? "", name, language, text, types: "" });
});
document.addEventListener("htmx:afterSwap", show);
show();
