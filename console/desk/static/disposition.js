// What a call came to. What is typed is kept in this browser until the server has it, so that it
// outlives a reload, a closed browser and a lost network.
import { code, live, texts, whenDrawn } from "./at_desk.js";
import { show, whenShown } from "./customer.js";
import { instantOf, localTime, nextDay } from "./zones.js";
import { fill, post } from "../app/page.js";
import { drop, keep, kept, keysOf } from "../app/typed.js";

const AGAIN_MS = 5000;
const FORGET_MS = 7 * 86400 * 1000;
const PREFIX = `draft.${code}.`;
const box = document.getElementById("disposition");
const form = box.querySelector("form");
const find = (selector) => box.querySelector(selector);
const inputs = form.elements;
const sending = new Set();
const memory = new Map(); // of a browser that keeps nothing

let call = null;
let card = null;
let filled = null; // the call whose words stand in the form

// --- drafts: { fields, who, at, wanted }; wanted: to be sent by itself

function load(of) {
  try {
    return JSON.parse(kept(PREFIX + of)) ?? memory.get(of) ?? null;
  } catch {
    return memory.get(of) ?? null;
  }
}

function put(of, draft) {
  memory.set(of, draft);
  keep(PREFIX + of, JSON.stringify(draft));
}

function forget(of) {
  memory.delete(of);
  drop(PREFIX + of);
}

const drafts = () => [...new Set([...memory.keys(), ...keysOf(PREFIX).map((key) => key.slice(PREFIX.length))])];

for (const of of drafts()) if (Date.now() - (load(of)?.at ?? 0) > FORGET_MS) forget(of);

// --- the form

const choice = () => {
  const checked = form.querySelector('[name="choice"]:checked');
  return card?.choices?.find((one) => one.code === checked?.value);
};
const personal = () => form.querySelector('[name="personal"]:checked')?.value ?? "no";

function read() {
  return {
    choice: choice()?.code ?? "",
    sub_reason: inputs.sub_reason.value,
    note: inputs.note.value,
    callback_local: inputs.callback_local.value,
    zone: card?.zone ?? "",
    personal: personal(),
    callback_number: inputs.callback_number.value,
  };
}

function fieldsOf(said) {
  return {
    choice: said.choice ?? "",
    sub_reason: said.sub_reason,
    note: said.note,
    callback_local: said.callback_at ? localTime(said.callback_at * 1000, card.zone) : "",
    zone: card.zone,
    personal: said.personal ? "yes" : "no",
    callback_number: said.callback_number ?? "",
  };
}

function makeChoices() {
  find("[data-choices]").replaceChildren(...card.choices.map((one, place) => {
    const column = document.createElement("div");
    column.className = "col-6 col-md-4";
    const input = document.createElement("input");
    Object.assign(input, { type: "radio", name: "choice", value: one.code, id: `choice-${one.code}`, className: "btn-check" });
    const label = document.createElement("label");
    label.className = "btn w-100";
    label.htmlFor = input.id;
    const title = document.createElement("span");
    title.textContent = one.title;
    label.append(title);
    if (place < 9) {
      const key = document.createElement("kbd");
      key.className = "ms-auto";
      key.textContent = `Alt+${place + 1}`;
      label.append(key);
    }
    column.append(input, label);
    return column;
  }));
}

function fillIn(fields) {
  for (const radio of form.querySelectorAll('[name="choice"]')) radio.checked = radio.value === fields.choice;
  for (const radio of form.querySelectorAll('[name="personal"]')) radio.checked = radio.value === (fields.personal || "no");
  inputs.note.value = fields.note ?? "";
  inputs.callback_local.value = fields.callback_local ?? "";
  inputs.callback_number.value = fields.callback_number ?? "";
  fitToChoice(fields.sub_reason ?? "");
}

function fitToChoice(sub = inputs.sub_reason.value) {
  const chosen = choice();
  const subs = chosen?.sub_reasons ?? [];
  inputs.sub_reason.replaceChildren(new Option("–", ""), ...subs.map((one) => new Option(one.title, one.code)));
  inputs.sub_reason.value = subs.some((one) => one.code === sub) ? sub : "";
  find("[data-sub]").hidden = !subs.length;
  find("[data-callback]").hidden = !chosen?.callback;
  sayClock();
}

function sayClock() {
  const local = inputs.callback_local.value;
  let text = card?.zone === texts.zone ? texts.same_clock : "";
  if (local && card) {
    const at = instantOf(local, card.zone);
    if (card.zone !== texts.zone) text = fill(texts.yours, { time: localTime(at, texts.zone).replace("T", " ") });
    if (at < Date.now()) text = texts.past;
  }
  find("[data-yours]").textContent = text;
}

function say(text, kind) {
  find("[data-status]").textContent = text;
  find("[data-status]").className = `small text-${kind}`;
}

function refuse(text) {
  find("[data-refused]").hidden = !text;
  find("[data-refused]").textContent = text;
}

function sayState() {
  const draft = load(call);
  if (draft) {
    if (!draft.wanted) say(texts.unsaved, "orange");
    else say(draft.why || (sending.has(call) ? texts.sending : texts.waiting), "orange");
  } else if (card?.said) {
    const time = new Date(card.said.at * 1000).toLocaleTimeString(document.documentElement.lang, { timeZone: texts.zone });
    say(fill(texts.saved, { time }), "green");
  } else say("", "secondary");
}

function sayOthers() {
  const others = drafts().filter((of) => of !== call);
  find("[data-others]").hidden = !others.length;
  find("[data-others]").replaceChildren(...others.map((of) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-sm btn-warning me-2";
    button.textContent = fill(texts.of_other, { who: load(of)?.who || of });
    button.addEventListener("click", () => show(of));
    return button;
  }));
}

whenShown((shown, found) => {
  if (!shown) {
    box.hidden = true;
    return;
  }
  const other = shown !== call;
  call = shown;
  card = found?.choices ? found : null;
  box.hidden = !card;
  if (!card) filled = null;
  if (card && (other || filled !== call)) {
    filled = call;
    makeChoices();
    find("[data-zone]").textContent = card.zone;
    inputs.callback_number.placeholder = card.e164 ?? "";
    document.getElementById("callback-numbers").replaceChildren(...card.numbers.map((number) => new Option(number)));
    const draft = load(call);
    fillIn(draft?.fields ?? (card.said ? fieldsOf(card.said) : {}));
    refuse(draft?.refused ?? "");
  }
  sayState();
  sayOthers();
});

function typed() {
  if (!card) return;
  fitToChoice();
  put(call, { fields: read(), who: card.name || card.number || call, at: Date.now(), wanted: false });
  refuse("");
  sayState();
}

form.addEventListener("input", typed);

form.addEventListener("click", (event) => {
  const button = event.target.closest("[data-ahead], [data-tomorrow]");
  if (!button) return;
  const { ahead, tomorrow } = button.dataset;
  const now = Date.now();
  inputs.callback_local.value = ahead ? localTime(Math.ceil((now + ahead * 60000) / 300000) * 300000, card.zone) : `${nextDay(now, card.zone)}T${tomorrow}`;
  typed();
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!card) return;
  if (!choice()) {
    refuse(texts.choose);
    form.querySelector('[name="choice"]')?.focus();
    return;
  }
  put(call, { fields: read(), who: card.name || card.number || call, at: Date.now(), wanted: true });
  refuse("");
  send(call);
});

// --- sending

async function send(of) {
  const draft = load(of);
  if (!draft?.wanted || sending.has(of)) return;
  sending.add(of);
  if (of === call) sayState();
  const answer = await post(`/desk/customers/${encodeURIComponent(of)}`, draft.fields);
  sending.delete(of);
  const now = load(of);
  const same = now && JSON.stringify(now.fields) === JSON.stringify(draft.fields);
  if (answer.ok) {
    if (same) forget(of);
    if (of === call && card) card.said = answer.said;
  } else if (answer.refused && same) {
    put(of, { ...now, wanted: false, refused: answer.message });
    if (of === call) refuse(answer.message);
  } else if (same) {
    put(of, { ...now, why: answer.retry ? answer.message : "" });
  }
  if (of === call) sayState();
  sayOthers();
}

const sendAll = () => drafts().forEach(send);
window.addEventListener("online", sendAll);
window.addEventListener("storage", () => {
  if (call) sayState();
  sayOthers();
});
setInterval(sendAll, AGAIN_MS);
let fresh = false;
whenDrawn(() => {
  if (live.fresh && !fresh) sendAll();
  fresh = live.fresh;
});

document.addEventListener("keydown", (event) => {
  if (box.hidden || event.repeat || event.isComposing) return;
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && box.contains(document.activeElement)) {
    event.preventDefault();
    form.requestSubmit();
    return;
  }
  if (!event.altKey || event.ctrlKey || event.metaKey) return;
  const digit = /^Digit([1-9])$/.exec(event.code);
  if (digit) {
    const radio = form.querySelectorAll('[name="choice"]')[digit[1] - 1];
    if (!radio) return;
    event.preventDefault();
    radio.checked = true;
    radio.focus();
    typed();
  } else if (event.code === "KeyN") {
    event.preventDefault();
    inputs.note.focus();
  }
});
