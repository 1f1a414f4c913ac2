// The editor of a flow: its text, what the checker finds in it, the picture beside it, and saving.
import { confirmed, fill, toast } from "/static/app/page.js";
import { compared } from "./compared_texts.js";
import { Offers } from "./flow_offers.js";
import { FlowPicture } from "./flow_picture.js";
import { listPrompts } from "./flow_prompts.js";
import { FlowText } from "./flow_text.js";
import { KeptText } from "./kept_text.js";

const CHECK_MS = 350; // after the last key
const AGAIN_MS = 5000; // after the console could not be asked
const LONGEST_MS = 20000;

const texts = JSON.parse(document.getElementById("editor-texts").textContent);
const phrases = JSON.parse(document.getElementById("editor-phrases").textContent);
const place = document.getElementById("editor");
const flow = place.dataset.flow;
const mayChange = "mayChange" in place.dataset;
const at = (id) => document.getElementById(id);

let version = Number(place.dataset.version);
let saved = at("text").value;
let picture = null;
let faults = [];
let chart = null;

// --- asking the server

async function ask(path, { fields, text, signal } = {}) {
  const options = { headers: { Accept: "application/json" }, signal: signal ?? AbortSignal.timeout(LONGEST_MS) };
  if (text !== undefined) {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields ?? {})) form.append(name, value);
    form.append("file", new Blob([text], { type: "text/yaml" }), "flow.yaml");
    options.method = "POST";
    options.body = form;
    options.headers["X-CSRF-Token"] = document.querySelector('meta[name="form-token"]').content;
  }
  let response;
  try {
    response = await fetch(`/flows/${flow}/${path}`, options);
  } catch (error) {
    if (signal?.aborted) throw error;
    return { ok: false, message: texts.offline, again: true };
  }
  if (response.status === 401) return { ok: false, message: texts.signed_out };
  try {
    const answer = await response.json();
    if (answer.error === "old_form") return { ok: false, message: texts.expired };
    return { ...answer, message: answer.message ?? "", again: response.status >= 500 };
  } catch {
    return { ok: false, message: fill(texts.failed, { status: response.status }) };
  }
}

// --- the text

const editor = new FlowText(at("code"), {
  text: saved,
  label: at("code").dataset.label,
  mayChange,
  phrases,
  on: { changed, moved, save: () => void save() },
});
at("text").remove();
at("code").hidden = false;
for (const button of document.querySelectorAll("[data-do]")) {
  button.addEventListener("click", () => {
    const what = button.dataset.do;
    if (what === "fit") chart?.showAll();
    else if (what === "closer") chart?.zoom(1.25);
    else if (what === "further") chart?.zoom(0.8);
    else editor[what]();
  });
}

let checking = 0;
const dirty = () => mayChange && editor.text !== saved;
const kept = mayChange
  ? new KeptText(`flow.${flow}`, { typed: () => (dirty() ? editor.text : null), from: () => ({ version }) })
  : null;

function changed() {
  showSaved();
  kept?.soon();
  clearTimeout(checking);
  checking = setTimeout(() => void check(), CHECK_MS);
}

function showSaved() {
  const unsaved = dirty();
  if (at("save")) at("save").disabled = !unsaved;
  at("unsaved").hidden = !unsaved;
}

// --- the node in which the cursor stands

let here = null;

function nodeAt(line) {
  return picture?.nodes.find((node) => node.line <= line && (node.until === null || line < node.until)) ?? null;
}

function moved(line) {
  const node = nodeAt(line);
  if (node?.id === here) return;
  here = node?.id ?? null;
  queueMicrotask(() => editor.markNode(node));
  chart?.showHere(here);
}

// --- the checker

const page = Math.random().toString(36).slice(2);
let asked = null;

async function check() {
  asked?.abort();
  const mine = (asked = new AbortController());
  const text = editor.text;
  if (text.length > Number(place.dataset.longest)) {
    at("check-state").textContent = fill(texts.not_checked, { why: place.dataset.tooLong });
    return;
  }
  at("check-state").textContent = texts.checking;
  let answer;
  try {
    answer = await ask("check", { fields: { page }, text, signal: mine.signal });
  } catch {
    return; // a newer text is on its way
  }
  if (mine !== asked) return;
  if (!answer.ok) {
    at("check-state").textContent = fill(texts.not_checked, { why: answer.message });
    at("check-state").classList.remove("text-red", "text-green");
    clearTimeout(checking);
    if (answer.again) checking = setTimeout(() => void check(), AGAIN_MS);
    return;
  }
  faults = [
    ...answer.errors.map((fault) => ({ ...fault, severity: "error" })),
    ...answer.warnings.map((fault) => ({ ...fault, severity: "warning" })),
  ];
  at("behind").hidden = answer.picture !== null;
  if (answer.picture) {
    picture = answer.picture;
    chart?.draw(picture);
    listPrompts(at("prompts"), picture, { texts, project: place.dataset.project ?? null, goTo: (line) => editor.goTo(line) });
    here = undefined;
    moved(editor.line);
  }
  if (text === editor.text) editor.showFaults(faults);
  showFaults();
  place.dataset.checked = answer.errors.length ? "faulty" : "sound";
}

function showFaults() {
  const errors = faults.filter((fault) => fault.severity === "error").length;
  const warnings = faults.length - errors;
  const counts = [errors && fill(texts.errors, { n: errors }), warnings && fill(texts.warnings, { n: warnings })];
  at("check-state").textContent = counts.filter(Boolean).join(" · ") || texts.sound;
  at("check-state").classList.toggle("text-red", errors > 0);
  at("check-state").classList.toggle("text-green", faults.length === 0);
  at("faults").replaceChildren(...faults.map((fault) => {
    const item = document.createElement("li");
    const button = Object.assign(document.createElement("button"), { type: "button", className: `flow-fault-line is-${fault.severity}` });
    const where = Object.assign(document.createElement("span"), { className: `flow-fault-where number text-${fault.severity === "error" ? "red" : "orange"}`, textContent: fill(texts.line, { n: fault.line }) });
    const said = Object.assign(document.createElement("span"), { textContent: fault.text });
    button.append(where, said);
    if (fault.remedy) said.append(Object.assign(document.createElement("span"), { className: "flow-fault-remedy", textContent: fault.remedy }));
    button.addEventListener("click", () => editor.goTo(fault.line, fault.column));
    item.append(button);
    return item;
  }));
  chart?.showFaulty(faults.filter((fault) => fault.severity === "error").map((fault) => nodeAt(fault.line)?.id).filter(Boolean));
}

// --- saving

let saving = false;

async function save(seen = version) {
  if (!mayChange || saving) return;
  kept.now(); // whatever becomes of it there
  const text = editor.text;
  if (text.length > Number(place.dataset.longest)) return toast(place.dataset.tooLong, "danger");
  saving = true;
  at("saved").textContent = texts.saving;
  const answer = await ask("draft", { fields: { seen }, text });
  saving = false;
  if (answer.ok) {
    version = answer.version;
    saved = text;
    at("saved").textContent = fill(texts.saved, answer);
    kept.now();
    showSaved();
    return;
  }
  at("saved").textContent = texts.unsaved;
  if (answer.theirs) await settle(answer.theirs, answer.message);
  else toast(answer.message, "danger");
}

// Somebody else was quicker.
async function settle(theirs, message) {
  kept.now();
  const box = at("conflict");
  box.querySelector("[data-text]").textContent = message;
  box.querySelector("[data-theirs]").textContent = fill(texts.changed_by, theirs);
  const { what, text } = await compared(box, { theirs: theirs.text, mine: editor.text, phrases });
  if (what === "later") return editor.focus();
  if (what === "theirs" && !(await confirmed(texts.take_theirs))) return editor.focus();
  version = theirs.version;
  saved = theirs.text;
  at("saved").textContent = fill(texts.saved, theirs);
  editor.replace(what === "theirs" ? theirs.text : text);
  kept.now();
  showSaved();
  if (what === "mine") await save(theirs.version);
  return editor.focus();
}

at("save")?.addEventListener("click", () => void save());
// The same keys as in the text, wherever one is on the page.
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || at("conflict").open) return;
  if ((event.ctrlKey || event.metaKey) && event.key === "s") void save();
  else if (event.key === "F8") editor.nextFault();
  else return;
  event.preventDefault();
});

// --- what was typed here before

kept?.offer(at("kept"), saved, {
  said: (old) => (old ? fill(texts.kept_old, { by: place.dataset.by }) : texts.kept),
  take: (text, old) => {
    editor.replace(text);
    if (!old) return null;
    const theirs = { version, text: saved, by: place.dataset.by, at: place.dataset.at };
    return settle(theirs, fill(texts.kept_old, { by: place.dataset.by }));
  },
});

// --- beginning

showSaved();
const words = await ask("words");
if (words.ok) {
  editor.offers = new Offers(words, texts, () => picture);
  chart = new FlowPicture(at("picture"), {
    kinds: words.kinds, texts, label: at("picture").dataset.label,
    on: { chosen: (node) => editor.goTo(node.line), entered: (other) => location.assign(`/flows/${encodeURIComponent(other)}`) },
  });
} else {
  toast(words.message, "danger");
}
await check();
goWhereAsked();
window.addEventListener("hashchange", goWhereAsked);

// /flows/hotline#menu is where the node "menu" stands, /flows/hotline?line=20 is that line.
function goWhereAsked() {
  const node = picture?.nodes.find((one) => one.id === decodeURIComponent(location.hash.slice(1)));
  const line = node?.line ?? Number(new URLSearchParams(location.search).get("line"));
  if (line >= 1) editor.goTo(line);
  else editor.focus();
}
