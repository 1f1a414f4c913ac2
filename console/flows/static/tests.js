// The tests of a flow: edited, played and saved.
import { toast } from "/static/app/page.js";
import { FlowPicture } from "./flow_picture.js";
import { KeptText } from "./kept_text.js";
import { TestsText } from "./tests_text.js";

const texts = JSON.parse(document.getElementById("tests-texts").textContent);
const place = document.getElementById("tests");
const playButton = document.getElementById("tests-play");
const saveButton = document.getElementById("tests-save");
const status = document.getElementById("tests-saved");
const played = document.getElementById("played");
const plain = document.getElementById("tests-text");
const code = document.getElementById("tests-code");
let saved = plain.value;
const editor = new TestsText(code, {
  text: saved,
  label: code.dataset.label,
  mayChange: "mayChange" in place.dataset,
  phrases: JSON.parse(document.getElementById("editor-phrases").textContent),
  written: JSON.parse(document.getElementById("tests-written").textContent),
  on: { changed: () => { show(); kept?.soon(); }, moved: () => {}, save: () => void save() },
});
plain.remove();
code.hidden = false;

function show() {
  const changed = editor.text !== saved;
  if (saveButton) saveButton.disabled = !changed;
  status.textContent = changed ? texts.unsaved : "";
}

const kept = saveButton && new KeptText(`tests.${place.dataset.flow}`, {
  typed: () => (editor.text === saved ? null : editor.text),
  from: () => ({ base: saved }),
});
kept?.offer(document.getElementById("kept"), saved, {
  said: (old) => (old ? texts.tests_kept_old : texts.tests_kept),
  take: (text) => {
    editor.replace(text);
    editor.focus();
  },
});

async function send(path, fields) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("file", new Blob([editor.text], { type: "text/yaml" }), "tests.yaml");
  const token = document.querySelector('meta[name="form-token"]').content;
  try {
    return await fetch(`/flows/${place.dataset.flow}/tests${path}`, {
      method: "POST", headers: { "X-CSRF-Token": token, Accept: "application/json" }, body: form,
    });
  } catch {
    toast(texts.offline, "danger");
    return null;
  }
}

const drawn = JSON.parse(document.getElementById("drawn").textContent);
const picture = document.getElementById("picture");
const chart = picture && new FlowPicture(picture, {
  kinds: drawn.kinds, texts, label: picture.dataset.label,
  on: { chosen: (node) => { window.location.href = `/flows/${place.dataset.flow}#${node.id}`; } },
});
chart?.draw(drawn.picture);

// Exits that no test takes are grey.
function paintTested() {
  const tested = JSON.parse(document.getElementById("tested")?.textContent ?? "null");
  if (tested?.nodes) chart?.paint(tested.nodes);
  editor.showFaults(tested?.faults ?? []);
}

function showPlayed(part) {
  played.innerHTML = part;
  window.htmx.process(played);
  paintTested();
}

async function play() {
  playButton.disabled = true;
  const answer = await send("/play", {});
  playButton.disabled = false;
  if (!answer) return;
  if (!answer.ok) return toast(texts.failed.replace("%(status)s", answer.status), "danger");
  showPlayed(await answer.text());
}

async function save() {
  if (!saveButton || saveButton.disabled) return;
  const text = editor.text;
  kept.now(); // whatever becomes of it there
  saveButton.disabled = true;
  const answer = await send("", { seen: place.dataset.version });
  if (!answer) return show();
  const said = await answer.json().catch(() => ({}));
  if (!said.ok) {
    show();
    if (answer.status === 401) return toast(texts.signed_out, "danger");
    if (said.error === "old_form") return toast(texts.expired, "danger");
    return toast(said.message ?? texts.failed.replace("%(status)s", answer.status), "danger");
  }
  place.dataset.version = said.version;
  saved = text;
  kept.now();
  showPlayed(said.played);
  show();
}

playButton.addEventListener("click", play);
saveButton?.addEventListener("click", save);
// The same key as in the text, wherever one is on the page.
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || !(event.ctrlKey || event.metaKey) || event.key !== "s") return;
  event.preventDefault();
  void save();
});
played.addEventListener("click", (event) => {
  const link = event.target.closest("[data-line]");
  if (!link) return;
  event.preventDefault();
  editor.goTo(Number(link.dataset.line));
});
// The call by a robot is shown below: whoever asks for one sees it begin.
document.body.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.requestConfig.verb !== "post") return;
  document.getElementById("trial")?.scrollIntoView({ block: "nearest" });
});
paintTested();
