// The agent's desk: their state and call, and a key for each command.
import { fill, post, toast } from "../app/page.js";
import { confirmed, count, countAll, drawRows, duration, Live } from "../app/live.js";

const texts = JSON.parse(document.getElementById("texts").textContent);
const language = document.documentElement.lang;
const desk = document.getElementById("desk");
const code = desk.dataset.agent;
const me = (name) => desk.querySelector(`[data-me="${name}"]`);
const call = (name) => desk.querySelector(`[data-call="${name}"]`);
const reasonText = (reason) => texts.reasons[reason] ?? reason;
const title = (queue) => queue?.title[language] ?? queue?.name;

function drawMe(agent) {
  const colour = texts.state_colours[agent.state];
  me("state").textContent = texts.states[agent.state];
  me("state").className = `display-6 fw-bold text-${colour}`;
  desk.querySelector(".card-status-start").className = `card-status-start bg-${colour}`;
  me("reason").textContent = agent.state === "paused" && agent.reason ? reasonText(agent.reason) : "";
  count(me("since"), { since: agent.state === "logged_out" ? null : agent.since });
  me("until").dataset.end = agent.until ?? "";
  me("after").hidden = !agent.after_call;
  me("after").textContent = agent.after_call ? fill(texts.then, { what: reasonText(agent.after_call) }) : "";
  me("station").textContent = agent.station ?? "";
  me("phone").textContent = agent.station_state ? `· ${texts.stations[agent.station_state] ?? agent.station_state}` : "";
  if (agent.leg && texts.legs[agent.leg]) me("phone").textContent += ` · ${texts.legs[agent.leg]}`;
  me("phone").classList.toggle("text-red", agent.station_state === "unreachable");
  const out = agent.state === "logged_out";
  desk.querySelector('[data-show="out"]').hidden = !out;
  desk.querySelector('[data-show="in"]').hidden = out;
  const can = {
    ready: agent.state === "paused" || agent.state === "wrap_up" || Boolean(agent.after_call),
    extend: agent.state === "wrap_up",
    away: !out,
    log_out: !out,
    connect: !out && agent.leg !== "calling" && agent.station_state === "idle",
    disconnect: agent.leg === "calling" || agent.state !== "talking",
    hold: agent.state === "talking",
    resume: agent.state === "talking",
    end_talk: agent.state === "talking",
  };
  const connected = agent.leg === "up";
  const held = live.rows("calls")[0]?.stage === "held";
  const hidden = {
    connect: connected || agent.leg === "calling",
    disconnect: !connected && agent.leg !== "calling",
    hold: held,
    resume: !held,
  };
  for (const [verb, hide] of Object.entries(hidden))
    desk.querySelector(`[data-verb="${verb}"]`).hidden = hide;
  document.getElementById("of-call").hidden = !connected || agent.state !== "talking";
  for (const button of desk.querySelectorAll("[data-verb]"))
    button.disabled = !can[button.dataset.verb] || button.classList.contains("is-busy");
}

function drawCall(current) {
  document.getElementById("current").hidden = !current;
  document.getElementById("no-call").hidden = Boolean(current);
  if (!current) return;
  call("caller").textContent = current.caller || texts.caller_unknown;
  call("caller_name").textContent = current.caller_name ?? "";
  call("stage").className = `badge bg-${texts.stage_colours[current.stage]}-lt`;
  call("stage").textContent = texts.stages[current.stage];
  call("hotline").textContent = current.hotline;
  call("project").textContent = texts.projects[current.project] ?? current.project;
  call("queue").textContent = title(live.sections.queues?.[current.queue]) ?? current.queue ?? "–";
  call("language").textContent = texts.languages[current.language] ?? current.language ?? "–";
  count(call("stage_since"), { since: current.stage_since });
  count(call("since"), { since: current.since });
  document.title = `${current.caller_name || current.caller || texts.caller_unknown} · ${texts.stages[current.stage]}`;
}

function drawQueue(parts, queue) {
  parts.title.textContent = title(queue);
  parts.waiting.className = `badge bg-${queue.waiting ? "orange" : "secondary"}-lt`;
  parts.waiting.textContent = fill(texts.queue_waiting, { n: queue.waiting });
  count(parts.longest, { since: queue.waiting_since });
}

const usualTitle = document.title;

function tick() {
  countAll(live.now());
  const end = me("until").dataset.end;
  me("until").textContent = end
    ? fill(texts.ends_in, { time: duration(Math.max(0, Number(end) - live.now())) })
    : "";
}

function draw() {
  const agent = live.sections.agents?.[code];
  if (agent) drawMe(agent);
  document.title = usualTitle;
  drawCall(live.rows("calls")[0]);
  drawRows(
    desk.querySelector('[data-rows="queues"]'),
    document.getElementById("row-queues"),
    live.rows("queues").map((queue) => [queue.name, queue]),
    drawQueue,
    texts.no_queues,
  );
  tick();
}

async function ask(verb, fields, button) {
  button?.classList.add("is-busy");
  if (button) button.disabled = true;
  const answer = await post(`/desk/${verb}`, fields);
  button?.classList.remove("is-busy");
  if (button) button.disabled = false; // whatever the result; draw() knows which make sense now
  if (!answer.ok || answer.message) toast(answer.message || texts.done, answer.ok ? "info" : "danger");
  draw();
}

async function press(button) {
  const { verb, reason, seconds } = button.dataset;
  if (verb === "log_out") {
    const name = live.sections.agents?.[code]?.name ?? code;
    if (!(await confirmed(fill(texts.confirm_log_out, { agent: name })))) return;
  }
  await ask(verb, { ...(reason && { reason }), ...(seconds && { seconds }) }, button);
}

for (const button of desk.querySelectorAll("[data-verb]"))
  button.addEventListener("click", () => press(button));

document.getElementById("log-in").addEventListener("submit", (event) => {
  event.preventDefault();
  ask("log_in", { station: document.getElementById("station").value }, event.submitter);
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.isComposing) return;
  if (event.target.closest("input, select, textarea, dialog")) return;
  const pressed = event.shiftKey && event.key.length === 1 ? `Shift+${event.key.toUpperCase()}` : event.key.toLowerCase();
  const button = [...desk.querySelectorAll("[data-key]")].find((b) => b.dataset.key === pressed);
  if (!button || button.disabled || button.closest("[hidden]")) return;
  event.preventDefault();
  press(button);
});

const live = new Live(texts, draw);
setInterval(tick, 1000);
