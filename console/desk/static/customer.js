// Who the customer is: shown when they are offered, before the first word, and until the next one.
import { texts, code, live, whenDrawn } from "./at_desk.js";
import { fill } from "../app/page.js";
import { keep, kept } from "../app/typed.js";

const AGAIN_MS = 2000;
const MOST_TRIES = 15;
const LAST = `last.${code}`;
const box = document.getElementById("customer");
const part = (name) => box.querySelector(`[data-customer="${name}"]`);

const cards = new Map(); // call to its card; a first frame of an offer has number and name only
const parts = [];
let shown = null;
let live_call = null; // the one that is going on
let talked = false;
let tries = 0;

// Calls `draw(call, card)` whenever another customer is shown, or more is known of them. The card
// may be undefined.
export function whenShown(draw) {
  parts.push(draw);
  if (shown) draw(shown, cards.get(shown));
}

export function show(call) {
  if (shown !== call) tries = 0;
  shown = call;
  redraw();
  if (call && !whole(call)) look(call);
}

const whole = (call) => cards.get(call)?.choices;

function redraw() {
  const card = shown ? cards.get(shown) : undefined;
  draw(card);
  for (const each of parts) each(shown, card);
}

async function look(call) {
  let answer = null;
  try {
    const response = await fetch(`/desk/customers/${encodeURIComponent(call)}`, {
      headers: { Accept: "application/json" },
    });
    if (response.status === 404) tries += 4; // not, or not yet, a call of this agent's
    if (response.ok && response.headers.get("Content-Type")?.startsWith("application/json"))
      answer = await response.json();
  } catch {
    // no connection: tried again below
  }
  if (answer && !whole(call)) cards.set(call, answer);
  if (shown !== call) return;
  tries += 1;
  redraw();
  if (!whole(call) && tries < MOST_TRIES) setTimeout(() => shown === call && !whole(call) && look(call), AGAIN_MS);
}

// The last call, by this browser or by the server, which may learn of a call's end a little later.
function last() {
  let here = null;
  try {
    here = JSON.parse(kept(LAST));
  } catch {
    // nothing that could be read
  }
  const there = texts.last_call;
  return (!there || here?.at > there.at ? here?.call : there.call) ?? null;
}

// Of a browser that keeps nothing, the server is the only one who knows.
const remember = (call) => keep(LAST, JSON.stringify({ call, at: live.now() }));

function clockTime(seconds) {
  return new Date(seconds * 1000).toLocaleString(document.documentElement.lang, {
    timeZone: texts.zone, dateStyle: "medium", timeStyle: "short",
  });
}

function draw(card) {
  box.hidden = !shown;
  if (!shown) return;
  part("name").textContent = card?.name ?? "";
  part("number").textContent = card ? card.number || texts.caller_unknown : "";
  const known = Boolean(card?.choices);
  part("kind").textContent = known ? (card.outbound ? texts.outbound : texts.inbound) : "";
  part("barred").hidden = !card?.barred;
  const promised = card?.promised;
  part("promised").hidden = !promised;
  if (promised)
    part("promised").textContent = fill(promised.mine ? texts.promised_you : texts.promised_team, {
      time: clockTime(promised.at),
    });
  part("state").textContent = known ? (card.lead ? "" : texts.unknown) : tries ? texts.no_card : texts.looking;
  part("state").hidden = known && Boolean(card.lead);
  part("fields").replaceChildren(...(card?.fields ?? []).map(([name, value]) => {
    const item = document.createElement("div");
    item.className = "datagrid-item";
    const title = document.createElement("dt");
    title.className = "datagrid-title";
    title.textContent = name;
    const content = document.createElement("dd");
    content.className = "datagrid-content mb-0 text-break";
    content.textContent = value;
    item.append(title, content);
    return item;
  }));
  const earlier = (card?.earlier ?? []).map((one) => {
    const item = document.createElement("li");
    item.className = "mb-2";
    const at = document.createElement("span");
    at.className = "number text-secondary me-2";
    at.textContent = one.at;
    item.append(at, one.text);
    if (one.note) {
      const note = document.createElement("div");
      note.className = "text-break note";
      note.textContent = one.note;
      item.append(note);
    }
    return item;
  });
  if (known && !earlier.length) {
    const none = document.createElement("li");
    none.className = "text-secondary";
    none.textContent = texts.no_earlier;
    earlier.push(none);
  }
  part("earlier").replaceChildren(...earlier);
}

live.others.customer = (card) => {
  if (card.choices || !whole(card.call)) cards.set(card.call, card);
  if (!card.choices && shown !== card.call) {
    live_call = card.call;
    talked = false;
    tries = 0;
    shown = card.call; // its card follows by itself
  }
  if (shown === card.call) redraw();
};

whenDrawn((agent, call) => {
  if (call) {
    if (call.id !== live_call) talked = false;
    live_call = call.id;
    if (["talking", "held"].includes(call.stage) && !talked) {
      talked = true;
      remember(call.id);
    }
    if (!cards.has(call.id)) cards.set(call.id, { call: call.id, number: call.caller, name: call.caller_name });
    if (shown !== call.id || !whole(call.id)) show(call.id);
  } else if (live_call && !["offered", "talking"].includes(agent?.state)) {
    const missed = live_call === shown && !talked;
    live_call = null;
    if (missed) show(last());
  } else if (!live_call && !shown) {
    show(last());
  }
});
