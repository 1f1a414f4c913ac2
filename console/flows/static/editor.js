// The editor of a flow.
import { fill, toast } from "/static/app/page.js";

const texts = JSON.parse(document.getElementById("editor-texts").textContent);
const place = document.getElementById("editor");
const box = document.getElementById("text");
const saveButton = document.getElementById("save");
let version = Number(place.dataset.version);
let saved = box.value;

function show() {
  if (saveButton) saveButton.disabled = box.value === saved;
}

async function save() {
  const text = box.value;
  const form = new FormData();
  form.append("seen", version);
  form.append("file", new Blob([text], { type: "text/yaml" }), "flow.yaml");
  const token = document.querySelector('meta[name="form-token"]').content;
  const answer = await fetch(`/flows/${place.dataset.flow}/draft`, {
    method: "POST", headers: { "X-CSRF-Token": token, Accept: "application/json" }, body: form,
  });
  const said = await answer.json();
  if (!said.ok) return toast(said.message, "danger");
  version = said.version;
  saved = text;
  document.getElementById("saved").textContent = fill(texts.saved, said);
  show();
}

box.addEventListener("input", show);
saveButton?.addEventListener("click", save);
