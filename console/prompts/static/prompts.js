// Plays recordings and spoken texts, and uploads files with progress; drag and drop works on a form.
import { fill, toast } from "/static/app/page.js";

const texts = JSON.parse(document.getElementById("texts").textContent);
const token = document.querySelector('meta[name="form-token"]').content;
const heard = new Map(); // what was spoken, by language and text
let sounding = null;

async function spoken(button) {
  const { say: text, language, name, project } = button.dataset;
  const key = JSON.stringify([project, name, language, text]);
  if (!heard.has(key)) {
    const answer = await fetch("/prompts/say", {
      method: "POST",
      body: new URLSearchParams({ text, language, name, project }),
      headers: { "X-CSRF-Token": token, Accept: "application/json" },
    });
    if (!answer.ok) {
      const said = await answer.json().catch(() => ({}));
      throw new Error(said.message ?? said.error ?? fill(texts.failed, { status: answer.status }));
    }
    heard.set(key, URL.createObjectURL(await answer.blob()));
  }
  return heard.get(key);
}

async function play(button) {
  const again = sounding?.button === button;
  sounding?.stop();
  if (again) return;
  button.setAttribute("aria-busy", "true");
  let source;
  try {
    source = button.dataset.say === undefined ? button.href : await spoken(button);
  } catch (error) {
    toast(error instanceof TypeError ? texts.offline : error.message, "danger");
    return;
  } finally {
    button.removeAttribute("aria-busy");
  }
  const sound = new Audio(source);
  const stop = () => {
    sound.pause();
    button.classList.remove("is-playing");
    if (sounding?.sound === sound) sounding = null;
  };
  sounding = { button, sound, stop };
  sound.addEventListener("ended", stop);
  sound.addEventListener("error", () => {
    stop();
    toast(texts.offline, "danger");
  });
  button.classList.add("is-playing");
  await sound.play().catch(stop);
}

function upload(form) {
  const state = form.querySelector("[data-state]");
  const bar = form.querySelector("progress");
  const button = form.querySelector('button[type="submit"]');
  const file = form.querySelector('input[type="file"]').files[0];
  const tell = (text, wrong = false) => {
    state.textContent = text;
    state.classList.toggle("is-wrong", wrong);
  };
  const end = (text) => {
    button.disabled = false;
    bar.hidden = true;
    tell(text, true);
  };
  const most = Number(form.dataset.most);
  if (file && file.size > most * 1e6) return end(fill(texts.too_large, { mb: most }));
  button.disabled = true;
  bar.hidden = false;
  const asking = new XMLHttpRequest();
  asking.open("POST", form.action);
  asking.setRequestHeader("Accept", "application/json");
  asking.setRequestHeader("X-CSRF-Token", token);
  asking.upload.addEventListener("progress", (event) => {
    if (!event.lengthComputable) return;
    const percent = Math.round((100 * event.loaded) / event.total);
    bar.value = percent;
    tell(percent < 100 ? texts.uploading : texts.converting);
  });
  asking.addEventListener("error", () => end(texts.offline));
  asking.addEventListener("load", () => {
    let answer = {};
    try {
      answer = JSON.parse(asking.responseText);
    } catch {
      // not ours: the status says what there is to say
    }
    if (!answer.where) return end(answer.message ?? answer.error ?? fill(texts.failed, { status: asking.status }));
    const there = new URL(answer.where, location.href);
    if (there.pathname === location.pathname && there.search === location.search) {
      location.hash = there.hash;
      location.reload();
    } else location.assign(there);
  });
  asking.send(new FormData(form));
}

for (const button of document.querySelectorAll(".prompt-play")) {
  button.hidden = false;
  if (button.href) button.setAttribute("role", "button");
  button.addEventListener("click", (event) => {
    event.preventDefault();
    void play(button);
  });
}

for (const form of document.querySelectorAll("[data-upload]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    upload(form);
  });
  const over = (on) => (event) => {
    if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
    event.preventDefault();
    form.classList.toggle("is-over", on);
  };
  form.addEventListener("dragover", over(true));
  form.addEventListener("dragleave", over(false));
  form.addEventListener("drop", (event) => {
    over(false)(event);
    if (!event.dataTransfer.files.length) return;
    form.querySelector('input[type="file"]').files = event.dataTransfer.files;
    form.reportValidity() && upload(form);
  });
}
