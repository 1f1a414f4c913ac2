// The buttons of the current call, and of asking a colleague about it.
import { count } from "../app/live.js";
import { fill, toast } from "../app/page.js";
import { ask, code, desk, redraw, sensible, texts, whenDrawn } from "./at_desk.js";

const said = JSON.parse(document.getElementById("talk-texts").textContent);
const language = document.documentElement.lang;
const part = (name) => desk.querySelector(`[data-consult="${name}"]`);

for (const verb of ["hold", "resume", "end_talk"]) sensible[verb] = (agent) => agent.state === "talking";
const answered = (agent) => Boolean(agent.consult?.asks) && agent.consult.stage !== "calling";
sensible.swap = answered;
sensible.conference = (agent) => answered(agent) && agent.consult.stage !== "conference";
sensible.complete = answered;
sensible.cancel = (agent) => Boolean(agent.consult?.asks);

let names = {}; // of those whom the list has shown

function drawConsult(consult) {
  document.getElementById("consult").hidden = !consult;
  if (!consult) return;
  const name = consult.title || names[consult.other];
  const who = name ? `${name} (${consult.other})` : consult.other;
  const caller = consult.caller || texts.caller_unknown;
  part("who").textContent = fill(consult.asks ? said.asks : said.asked, { who, caller });
  part("stage").textContent = consult.asks || consult.stage === "conference" ? said[consult.stage] : "";
  part("swap").textContent = consult.stage === "private" ? said.to_customer : said.to_colleague;
  part("keys").hidden = !consult.asks;
  count(part("since"), { since: consult.since });
}

whenDrawn((agent, call) => {
  if (!agent) return;
  const asks = Boolean(agent.consult?.asks);
  const held = call?.stage === "held";
  const talks = agent.leg === "up" && agent.state === "talking";
  desk.querySelector('[data-verb="hold"]').hidden = held || asks;
  desk.querySelector('[data-verb="resume"]').hidden = !held || asks;
  document.getElementById("ask-somebody").hidden = asks;
  document.getElementById("of-call").hidden = !talks;
  drawConsult(agent.consult);
  if (!talks || asks) dialog.close();
});

let toldOf; // when whom was asked for in vain, the last time that it was told; old news at first
whenDrawn((agent) => {
  if (!agent) return;
  const vain = agent.unreached;
  if (vain && toldOf !== undefined && vain.at !== toldOf) {
    const who = vain.title || names[vain.who] || vain.who;
    toast(fill(said.not_reached, { who, why: said[`why_${vain.why}`] ?? said.why_no_answer }), "danger");
  }
  toldOf = vain?.at ?? null;
});

// --- whom to ask

const dialog = document.getElementById("colleagues");
const find = document.getElementById("find-colleague");
const rows = dialog.querySelector('[data-rows="colleagues"]');
const template = document.getElementById("row-colleague");
let known = { agents: [], queues: [], outside: [] };

function row(to, name, state, colour, can) {
  const item = template.content.firstElementChild.cloneNode(true);
  item.querySelector('[data-f="name"]').textContent = name;
  item.querySelector('[data-f="state"]').textContent = state;
  item.querySelector('[data-f="state"]').className = `badge bg-${colour}-lt`;
  for (const button of item.querySelectorAll("[data-do]")) {
    button.dataset.to = to;
    button.disabled = !can[button.dataset.do];
    button.setAttribute("aria-label", `${button.textContent}: ${name}`);
  }
  return item;
}

function drawColleagues() {
  const wanted = find.value.trim().toLowerCase();
  const fits = (...words) => words.some((word) => String(word).toLowerCase().includes(wanted));
  const focused = document.activeElement?.dataset;
  const items = [
    ...known.agents
      .filter((agent) => fits(agent.name, agent.code))
      .map((agent) => {
        const busy = !agent.free && !["talking", "offered"].includes(agent.state);
        const state = busy ? said.busy : texts.states[agent.state];
        const can = { consult: agent.free, pass_on: agent.free };
        return row(agent.to, `${agent.name} (${agent.code})`, state, busy ? "secondary" : texts.state_colours[agent.state], can);
      }),
    ...known.queues
      .map((queue) => ({ ...queue, title: queue.title[language] ?? queue.name }))
      .filter((queue) => fits(queue.title, queue.name))
      .map((queue) => {
        const can = { consult: queue.free > 0, pass_on: true };
        return row(queue.to, fill(said.queue, { title: queue.title }), fill(said.free, { n: queue.free }), queue.free ? "green" : "secondary", can);
      }),
    ...known.outside
      .filter((one) => fits(one.title, one.number, one.number.replaceAll(/[^+\d]/g, "")))
      .map((one) => {
        const can = { consult: one.free, pass_on: one.free };
        const state = one.free ? said.free_line : said.no_line;
        return row(one.to, `${one.title} (${one.number})`, state, one.free ? "green" : "secondary", can);
      }),
  ];
  rows.replaceChildren(...items);
  if (!known.agents.length && !known.queues.length && !known.outside.length) rows.textContent = said.nobody;
  if (focused?.to)
    rows.querySelector(`[data-to="${CSS.escape(focused.to)}"][data-do="${focused.do}"]`)?.focus();
}

async function look() {
  try {
    const answer = await fetch("/desk/colleagues", { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(answer.status);
    known = await answer.json();
    for (const agent of known.agents) names[agent.code] = agent.name;
    drawColleagues();
  } catch {
    toast(texts.not_loaded, "danger");
  }
}

document.getElementById("ask-somebody").addEventListener("click", async () => {
  find.value = "";
  await look();
  dialog.showModal();
  find.focus();
});
setInterval(() => dialog.open && look(), 2000);
find.addEventListener("input", drawColleagues);
find.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  rows.querySelector('[data-do="consult"]:not(:disabled)')?.click();
});
dialog.addEventListener("click", async (event) => {
  if (event.target.closest("[data-close]")) dialog.close();
  const button = event.target.closest("[data-do]");
  if (!button) return;
  const answer = await ask(button.dataset.do, { to: button.dataset.to }, button);
  if (answer.ok) dialog.close();
});

// The name of a colleague who asks isn't known before the list has been looked at.
whenDrawn((agent) => {
  const other = agent?.consult?.other;
  if (other && !agent.consult.title && other !== code && !(other in names)) {
    names[other] = "";
    look().then(redraw);
  }
});
