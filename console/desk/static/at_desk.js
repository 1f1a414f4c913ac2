// What the parts of an agent's desk share: the live sections, commands, keys. Each part of the page
// has a script of its own, which imports this one.
import { post, toast } from "../app/page.js";
import { Live } from "../app/live.js";

export const texts = JSON.parse(document.getElementById("texts").textContent);
export const desk = document.getElementById("desk");
export const code = desk.dataset.agent;

const parts = [];

// Verb to (agent, call) => whether its button makes sense now. Buttons with [data-verb] post to
// /desk/VERB; one whose verb isn't here is left as it is.
export const sensible = {};

// Calls `draw(agent, call)` now, if anything is known, and at each change. Both may be undefined.
export function whenDrawn(draw) {
  parts.push(draw);
  if (live.seenAt) redraw();
}

export const me = () => live.sections.agents?.[code];
export const current = () => live.rows("calls")[0];

export function redraw() {
  for (const draw of parts) draw(me(), current());
  const agent = me();
  if (!agent) return;
  for (const button of desk.querySelectorAll("[data-verb]")) {
    const rule = sensible[button.dataset.verb];
    if (rule) button.disabled = !rule(agent, current()) || button.classList.contains("is-busy");
  }
}

// Posts a command with its fields; says what came of it, and returns the answer.
export async function ask(verb, fields, button) {
  button?.classList.add("is-busy");
  if (button) button.disabled = true;
  const answer = await post(`/desk/${verb}`, fields);
  button?.classList.remove("is-busy");
  if (button) button.disabled = false; // whatever the result; redraw() knows which make sense now
  if (!answer.ok || answer.message) toast(answer.message || texts.done, answer.ok ? "info" : "danger");
  redraw();
  return answer;
}

// Before a verb is asked for: (button) => whether to go on.
export const confirms = {};

desk.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-verb]");
  if (!button || button.disabled) return;
  const { verb, reason, seconds } = button.dataset;
  if (confirms[verb] && !(await confirms[verb](button))) return;
  await ask(verb, { ...(reason && { reason }), ...(seconds && { seconds }) }, button);
});

// A key presses the button that has it as its [data-key]: "r", "3", "Shift+E".
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.isComposing) return;
  if (event.target.closest("input, select, textarea, dialog")) return;
  const pressed = event.shiftKey && event.key.length === 1 ? `Shift+${event.key.toUpperCase()}` : event.key.toLowerCase();
  const button = [...desk.querySelectorAll("[data-key]")].find(
    (b) => b.dataset.key === pressed && !b.disabled && !b.closest("[hidden]"),
  );
  if (!button) return;
  event.preventDefault();
  button.click();
});

export const live = new Live(texts, redraw);
