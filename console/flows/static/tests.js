// The tests of a flow: edited, played and saved.
import { toast } from "/static/app/page.js";
import { FlowPicture } from "./flow_picture.js";

const texts = JSON.parse(document.getElementById("tests-texts").textContent);
const place = document.getElementById("tests");
const box = document.getElementById("tests-text");
const playButton = document.getElementById("tests-play");
const saveButton = document.getElementById("tests-save");
const status = document.getElementById("tests-saved");
const played = document.getElementById("played");
let saved = box.value;

function show() {
  const changed = box.value !== saved;
  if (saveButton) saveButton.disabled = !changed;
  status.textContent = changed ? texts.unsaved : "";
}

async function send(path, fields) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("file", new Blob([box.value], { type: "text/yaml" }), "tests.yaml");
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
  if (tested) chart?.paint(tested);
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
  const text = box.value;
  saveButton.disabled = true;
  const answer = await send("", { seen: place.dataset.version });
  if (!answer) return show();
  const said = await answer.json().catch(() => ({}));
  if (!said.ok) {
    show();
    return toast(said.message ?? texts.failed.replace("%(status)s", answer.status), "danger");
  }
  place.dataset.version = said.version;
  saved = text;
  showPlayed(said.played);
  show();
}

function goTo(line) {
  const before = box.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  const end = box.value.indexOf("\n", before);
  box.focus();
  box.setSelectionRange(before, end < 0 ? box.value.length : end);
  box.scrollTop = (line - 5) * parseFloat(getComputedStyle(box).lineHeight);
}

box.addEventListener("input", show);
playButton.addEventListener("click", play);
saveButton?.addEventListener("click", save);
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key !== "s") return;
  event.preventDefault();
  save();
});
played.addEventListener("click", (event) => {
  const link = event.target.closest("[data-line]");
  if (!link) return;
  event.preventDefault();
  goTo(Number(link.dataset.line));
});
window.addEventListener("beforeunload", (event) => {
  if (box.value !== saved) event.preventDefault();
});
paintTested();
