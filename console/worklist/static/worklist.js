// The worklist: kept up to date without disturbing what somebody types or listens to, with keys.
import { attach } from "../app/player.js";
import { post, toast } from "../app/page.js";

const SIGNED_OUT = 4401;
const CHANGED = 4403;
const STALE_MS = 5000;
const texts = JSON.parse(document.getElementById("texts").textContent);
const work = document.getElementById("work");
const listening = document.getElementById("listening");
const player = attach(listening.querySelector("[data-player]"));
const undoPlace = document.getElementById("undo-place");
const link = document.getElementById("link");
let shown = remembered(work);
let tries = 0;
let lost = null;

function remembered(place) {
  return new Map([...place.querySelectorAll("[data-entry]")].map((row) => [row.id, row.outerHTML]));
}

// Rows that are as they were stay as they are, with their focus; of others, what is typed is kept.
function draw(html) {
  const next = document.createElement("div");
  next.innerHTML = html;
  const now = remembered(next);
  const focused = work.contains(document.activeElement) ? document.activeElement : null;
  const at = focused?.closest("[data-entry]")?.id;
  const what = focused?.closest("form")?.dataset.act ?? "";
  for (const row of next.querySelectorAll("[data-entry]")) {
    const old = document.getElementById(row.id);
    if (!old || !work.contains(old)) continue;
    if (shown.get(row.id) === now.get(row.id)) {
      row.replaceWith(old);
      continue;
    }
    const [note, before] = [row.querySelector("textarea"), old.querySelector("textarea")];
    if (note && before) {
      note.value = before.value;
      row.querySelector("details").open = old.querySelector("details").open;
    }
  }
  work.replaceChildren(...next.childNodes);
  shown = now;
  if (!at) return;
  if (work.contains(focused)) return focused.focus({ preventScroll: true });
  const row = document.getElementById(at) ?? work.querySelector("[data-entry]");
  const again = row?.querySelector(what === "done" ? "textarea" : "button, summary");
  again?.focus({ preventScroll: true });
}

function connect() {
  const url = new URL(`/worklist/live${location.search}`, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(url);
  socket.onmessage = (event) => {
    tries = 0;
    clearTimeout(lost);
    lost = null;
    link.hidden = true;
    draw(event.data);
  };
  socket.onclose = (event) => {
    if (event.code === SIGNED_OUT || event.code === CHANGED) return location.reload();
    lost ??= setTimeout(() => { link.hidden = false; }, STALE_MS);
    const pause = Math.min(15, 2 ** tries) * (0.7 + 0.6 * Math.random());
    tries += 1;
    setTimeout(connect, pause * 1000);
  };
}

function offerUndo(fields) {
  const box = document.createElement("div");
  box.className = "alert alert-success d-flex align-items-center gap-3";
  const said = document.createElement("span");
  said.textContent = texts.done;
  const button = document.createElement("button");
  button.className = "btn btn-sm";
  button.type = "button";
  button.textContent = texts.undo;
  button.addEventListener("click", async () => {
    const answer = await post("/worklist/undo", fields);
    undoPlace.replaceChildren();
    toast(answer.message, answer.ok ? "success" : "danger");
  });
  box.append(said, button);
  undoPlace.replaceChildren(box);
}

work.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const fields = Object.fromEntries(new FormData(form));
  delete fields.csrf;
  const button = event.submitter;
  if (button) button.disabled = true;
  const answer = await post(form.getAttribute("action"), fields);
  if (button) button.disabled = false;
  if (!answer.ok) return toast(answer.message, "danger");
  if (form.dataset.act === "done") offerUndo({ kind: fields.kind, ref: fields.ref });
  else if (answer.message) toast(answer.message, "success");
});

function play(button) {
  listening.hidden = false;
  listening.querySelector("[data-who]").textContent = button.dataset.who;
  player.load(`${button.dataset.play}/sound.wav`, `${button.dataset.play}/waveform.json`);
  player.toggle();
}

work.addEventListener("click", (event) => {
  const button = event.target.closest("[data-play]");
  if (button) play(button);
});
listening.querySelector("[data-close]").addEventListener("click", () => {
  player.pause();
  listening.hidden = true;
});

for (const choice of document.querySelectorAll("#filters select"))
  choice.addEventListener("change", () => choice.form.requestSubmit());

// Keys, for whoever isn't typing: from row to row, and what can be done with the row.
const KEYS = {
  p: "[data-play]",
  t: '[data-act="take"] button, [data-act="give-back"] button',
  c: '[data-act="call"] button',
  d: "summary",
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target.closest("input, textarea, select")) {
    if (event.key === "Escape") event.target.closest("details")?.querySelector("summary").focus();
    return;
  }
  const rows = [...work.querySelectorAll("[data-entry]")];
  const here = rows.indexOf(document.activeElement?.closest("[data-entry]"));
  if (event.key === "j" || event.key === "k") {
    const row = rows[Math.min(rows.length - 1, Math.max(0, here + (event.key === "j" ? 1 : -1)))];
    row?.querySelector("button, summary")?.focus();
  } else if (event.key in KEYS && here >= 0) {
    const button = rows[here].querySelector(KEYS[event.key]);
    button?.focus();
    button?.click();
    if (event.key === "d") rows[here].querySelector("details[open] textarea")?.focus();
  } else return;
  event.preventDefault();
});

connect();
