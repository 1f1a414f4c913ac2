// An agent's own state, call and queues.
import { confirmed, fill } from "../app/page.js";
import { count, countAll, drawRows, duration } from "../app/live.js";
import { ask, code, confirms, desk, live, sensible, texts, whenDrawn } from "./at_desk.js";

const language = document.documentElement.lang;
const me = (name) => desk.querySelector(`[data-me="${name}"]`);
const call = (name) => desk.querySelector(`[data-call="${name}"]`);
const reasonText = (reason) => texts.reasons[reason] ?? reason;
const title = (queue) => queue?.title[language] ?? queue?.name;

const out = (agent) => agent.state === "logged_out";
Object.assign(sensible, {
  ready: (agent) => ["paused", "wrap_up"].includes(agent.state) || Boolean(agent.after_call),
  extend: (agent) => agent.state === "wrap_up",
  away: (agent) => !out(agent),
  log_out: (agent) => !out(agent),
  connect: (agent) => !out(agent) && agent.leg !== "calling" && agent.station_state === "idle",
  disconnect: (agent) => agent.leg === "calling" || agent.state !== "talking",
});
confirms.log_out = () =>
  confirmed(fill(texts.confirm_log_out, { agent: live.sections.agents?.[code]?.name ?? code }));

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
  desk.querySelector('[data-show="out"]').hidden = !out(agent);
  desk.querySelector('[data-show="in"]').hidden = out(agent);
  const connected = agent.leg === "up";
  desk.querySelector('[data-verb="connect"]').hidden = connected || agent.leg === "calling";
  desk.querySelector('[data-verb="disconnect"]').hidden = !connected && agent.leg !== "calling";
}

function drawCall(current) {
  document.getElementById("current").hidden = !current;
  document.getElementById("no-call").hidden = Boolean(current);
  if (!current) return;
  call("caller").textContent = current.caller || texts.caller_unknown;
  call("caller_name").textContent = current.caller_name ?? "";
  call("stage").className = `badge bg-${texts.stage_colours[current.stage]}-lt`;
  call("stage").textContent = texts.stages[current.stage];
  call("hotline").textContent = current.hotline ?? "–";
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

whenDrawn((agent, current) => {
  if (agent) drawMe(agent);
  document.title = usualTitle;
  drawCall(current);
  drawRows(
    desk.querySelector('[data-rows="queues"]'),
    document.getElementById("row-queues"),
    live.rows("queues").map((queue) => [queue.name, queue]),
    drawQueue,
    texts.no_queues,
  );
  tick();
});

document.getElementById("log-in").addEventListener("submit", (event) => {
  event.preventDefault();
  ask("log_in", { station: document.getElementById("station").value }, event.submitter);
});

setInterval(tick, 1000);
