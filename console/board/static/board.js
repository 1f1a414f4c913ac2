// The live board: draws the sections that come over the stream.
import { confirmed, fill, post, toast } from "../app/page.js";
import { count, countAll, drawRows, Live, showAfter } from "../app/live.js";

const texts = JSON.parse(document.getElementById("texts").textContent);
const language = document.documentElement.lang;
const place = (name) => document.querySelector(`[data-rows="${name}"]`);
const template = (name) => document.getElementById(`row-${name}`);
const percent = (share) => (share === null ? "–" : fill(texts.percent, { n: (share * 100).toFixed(1) }));
const title = (queue) => queue.title[language] ?? queue.name;
// Whoever waits comes first, and those whose talk is over last.
const STAGE_RANK = { queue: 0, fallback: 0, ringing: 1, flow: 2, talking: 3, held: 3, after: 4 };
const RANK = { offered: 0, talking: 1, wrap_up: 2, ready: 3, paused: 4, logged_out: 5 };

function badge(element, colour, text) {
  element.className = `badge bg-${colour}-lt`;
  element.textContent = text;
}

function drawQueue(parts, queue) {
  parts.title.textContent = title(queue);
  parts.project.textContent = texts.projects[queue.project] ?? queue.project;
  parts.waiting.textContent = queue.waiting;
  parts.waiting.classList.toggle("text-red", queue.waiting > 0 && queue.ready === 0);
  count(parts.longest, { since: queue.waiting_since, late: queue.service_level_s });
  parts.level.textContent = percent(queue.service_level);
  parts.within.textContent = fill(texts.within, {
    n: queue.service_level_s,
    target: fill(texts.percent, { n: Number((queue.service_level_target * 100).toFixed(1)) }),
  });
  parts.bar.hidden = queue.service_level === null;
  parts.bar.value = (queue.service_level ?? 0) * 100;
  parts.bar.classList.toggle(
    "is-low",
    queue.service_level !== null && queue.service_level < queue.service_level_target,
  );
  parts.answered.textContent = queue.answered_today;
  parts.abandoned.textContent = queue.abandoned_today;
  // They count in the service level, so they are shown beside it.
  parts.short.hidden = queue.short_abandoned_today === 0;
  parts.short.textContent = fill(texts.short_abandoned, {
    n: queue.short_abandoned_today,
    s: queue.short_abandon_s,
  });
  parts.unserved.hidden = queue.unserved_today === 0;
  parts.unserved.textContent = fill(texts.unserved, { n: queue.unserved_today });
  parts.people.replaceChildren(
    ...["ready", "talking", "wrap_up", "paused"]
      .filter((state) => queue[state] > 0)
      .map((state) => {
        const mark = document.createElement("span");
        badge(mark, texts.state_colours[state], `${texts.states[state]} ${queue[state]}`);
        return mark;
      }),
  );
}

// A queue with the counts of its staff, which come as rows of their own. The same object as long as
// neither has changed, so that nothing is drawn in vain.
const staffed = new Map();
function withStaff(queue) {
  const staff = live.sections.staff?.[queue.staff];
  const known = staffed.get(queue.name);
  if (known?.queue === queue && known.staff === staff) return known.row;
  const row = { ...queue, ...staff };
  staffed.set(queue.name, { queue, staff, row });
  return row;
}

function drawNode(parts, node) {
  parts.name.textContent = node.name;
  badge(parts.state, node.up ? "green" : "red", node.up ? texts.up : texts.down);
  parts.state.classList.add("ms-auto");
  count(parts.since, { since: node.since });
  const said = sentences(
    node.error,
    node.calls_over && fill(texts.calls_over, { n: node.calls_over }),
    node.talks_unsure && fill(texts.talks_unsure, { n: node.talks_unsure }),
    node.late_s && fill(texts.late, { n: node.late_s }),
  );
  parts.error.hidden = !said;
  parts.error.textContent = said;
}

function sentences(...said) {
  return said.filter(Boolean).join(texts.between_sentences);
}

function begunWithout(begun) {
  if (!begun) return null;
  if (begun.last_known_at === null) return texts.begun_with_outbox;
  const time = new Date(begun.last_known_at * 1000).toLocaleString(document.documentElement.lang, { timeZone: texts.zone });
  return fill(texts.begun_without, { time });
}

function drawLine(parts, line) {
  parts.name.textContent = line.name;
  parts.kind.textContent = texts.line_kinds[line.kind] ?? line.kind;
  parts.state.hidden = line.reachable !== false;
  parts.blocked.hidden = line.blocked_today === 0;
  parts.blocked.textContent = fill(texts.blocked_today, { n: line.blocked_today });
  parts.callers_refused.hidden = line.callers_refused_today === 0;
  parts.callers_refused.textContent = fill(texts.callers_refused_today, {
    n: line.callers_refused_today,
  });
  parts.state.textContent = texts.unreachable;
  parts.use.textContent = fill(texts.in_use, { n: line.in_use, all: line.channels });
  parts.bar.max = line.channels || 1;
  parts.bar.value = line.in_use;
  parts.bar.classList.toggle("is-low", line.in_use >= line.channels);
}

const reasonText = (reason) => texts.reasons[reason] ?? reason;

function drawAgent(parts, agent, row) {
  parts.name.textContent = agent.name;
  parts.code.textContent = agent.code;
  if (agent.ahead) badge(parts.state, "teal", texts.ahead[agent.ahead.what]);
  else badge(parts.state, texts.state_colours[agent.state], texts.states[agent.state]);
  const notes = [];
  if (agent.state === "paused" && agent.reason) notes.push(reasonText(agent.reason));
  if (agent.after_call) notes.push(fill(texts.then, { what: reasonText(agent.after_call) }));
  parts.reason.textContent = notes.join(" · ");
  row.classList.toggle("is-out", agent.state === "logged_out");
  parts.late.textContent = texts.away_too_long;
  showAfter(parts.late, agent.limit);
  count(parts.since, { since: agent.state === "logged_out" ? null : (agent.ahead?.since ?? agent.since) });
  if (parts.station) {
    parts.station.textContent = agent.station ?? "–";
    parts.phone.textContent = agent.station_state ? (texts.stations[agent.station_state] ?? agent.station_state) : "";
    parts.phone.classList.toggle("text-red", agent.station_state === "unreachable");
    parts.phone.classList.toggle("text-secondary", agent.station_state !== "unreachable");
  }
  if (parts.actions) drawActions(parts.actions, agent);
}

// What a supervisor may ask for an agent now: the label, the question before it, the verb, its fields.
function commandsOf(agent) {
  const who = `${agent.name} (${agent.code})`;
  if (agent.state === "logged_out") {
    const station = agent.usual_station;
    if (!station) return [];
    const question = fill(texts.confirm_log_in, { agent: who, station });
    return [[fill(texts.set_log_in, { station }), question, "log_in", { station }]];
  }
  return [
    [texts.set_ready, fill(texts.confirm_ready, { agent: who }), "ready", {}],
    ...texts.away_reasons.map((reason) => [
      fill(texts.set_away, { reason: reasonText(reason) }),
      fill(texts.confirm_away, { agent: who, reason: reasonText(reason) }),
      "away",
      { reason },
    ]),
    [texts.set_log_out, fill(texts.confirm_log_out, { agent: who }), "log_out", {}],
  ];
}

// Draws the commands as buttons, unless they are there already: an open menu stays as it is.
function drawCommands(place, agent, name) {
  const items = commandsOf(agent);
  const drawn = JSON.stringify(items);
  if (place.drawn === drawn) return items;
  place.drawn = drawn;
  place.replaceChildren(
    ...items.map(([label, question, verb, fields]) => {
      const item = document.createElement("button");
      item.type = "button";
      item.className = name;
      item.dataset.verb = verb;
      item.textContent = label;
      item.addEventListener("click", async () => {
        if (!(await confirmed(question))) return;
        const answer = await post(`/agents/${encodeURIComponent(agent.code)}/${verb}`, fields);
        toast(answer.message || texts.done, answer.ok ? "success" : "danger");
      });
      return item;
    }),
  );
  return items;
}

function drawActions(menu, agent) {
  menu.querySelector("button").setAttribute("aria-label", `${texts.actions}: ${agent.name}`);
  menu.hidden = !drawCommands(menu.querySelector(".dropdown-menu"), agent, "dropdown-item").length;
}

// The panel of one agent is loaded when one is opened for the first time.
let panel = null;
const agentOf = (code) => live.sections.agents?.[code];
async function openPanel(code) {
  try {
    const { AgentPanel } = await import("./agent_panel.js");
    panel ??= new AgentPanel(texts, { agentOf, drawCommands, badge });
  } catch {
    toast(texts.not_loaded, "danger");
    return;
  }
  await panel.open(code);
}

function listenForPanels(rows) {
  rows.addEventListener("click", (event) => {
    const row = event.target.closest("tr[data-key]");
    if (!row?.querySelector("[data-open]") || event.target.closest(".dropdown, a")) return;
    if (event.target.closest("[data-open]") || !getSelection().toString()) openPanel(row.dataset.key);
  });
  rows.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    if (!event.target.matches("[data-open]")) return;
    event.preventDefault();
    const names = [...rows.querySelectorAll("[data-open]")];
    names[names.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1)]?.focus();
  });
}

function drawCall(parts, call) {
  if (texts.may_read_calls) {
    const link = document.createElement("a");
    link.href = `/calls/${encodeURIComponent(call.id)}`;
    link.className = "text-reset";
    link.textContent = call.caller || texts.caller_unknown;
    parts.caller.replaceChildren(link);
  } else parts.caller.textContent = call.caller || texts.caller_unknown;
  parts.caller_name.textContent = call.caller_name ?? "";
  parts.hotline.textContent = call.hotline;
  badge(parts.stage, texts.stage_colours[call.stage], texts.stages[call.stage]);
  const queue = live.sections.queues?.[call.queue];
  const where = queue ? title(queue) : (call.queue ?? "–");
  const position = call.position ? ` · ${fill(texts.position, { n: call.position })}` : "";
  parts.queue.textContent = where + position;
  const agent = live.sections.agents?.[call.agent];
  parts.agent.textContent = agent
    ? agent.name
    : (call.agent ?? (call.station ? fill(texts.at_phone, { station: call.station }) : ""));
  count(parts.stage_since, { since: call.stage_since });
  count(parts.since, { since: call.since });
}

function figure(name, value, since) {
  const element = document.querySelector(`[data-figure="${name}"]`);
  if (since === undefined) element.textContent = value;
  else count(element, { since });
}

function drawFigures() {
  const queues = live.rows("queues");
  const agents = live.rows("agents");
  const sum = (key) => queues.reduce((all, queue) => all + queue[key], 0);
  const waits = queues.map((q) => q.waiting_since).filter((since) => since !== null);
  figure("calls", live.rows("calls").length);
  figure("waiting", sum("waiting"));
  figure("longest", "", waits.length ? Math.min(...waits) : null);
  const measured = sum("measured_today");
  figure("level", percent(measured ? sum("answered_within_today") / measured : null));
  figure("ready", agents.filter((a) => a.state === "ready").length);
  figure("talking", agents.filter((a) => a.state === "talking").length);
  const counts = document.querySelector("[data-counts]");
  counts.replaceChildren(
    ...Object.keys(RANK)
      .map((state) => [state, agents.filter((a) => a.state === state).length])
      .filter(([, n]) => n > 0)
      .map(([state, n]) => {
        const mark = document.createElement("span");
        badge(mark, texts.state_colours[state], `${texts.states[state]} ${n}`);
        return mark;
      }),
  );
}

function draw() {
  const columns = (name) => place(name).closest("table").tHead.rows[0].cells.length;
  const entries = (name) => live.rows(name).map((row) => [row.name ?? row.id, row]);
  const queues = live.rows("queues").map((queue) => [queue.name, withStaff(queue)]);
  drawRows(place("queues"), template("queues"), queues, drawQueue, texts.no_queues, columns("queues"));
  if (place("nodes")) {
    drawRows(place("nodes"), template("nodes"), entries("nodes"), drawNode, texts.no_nodes);
    drawRows(place("lines"), template("lines"), entries("lines"), drawLine, texts.no_lines);
    const store = live.sections.store?.records;
    const note = document.querySelector("[data-store]");
    note.hidden = !store || store.up;
    if (!note.hidden)
      note.querySelector("[data-text]").textContent = sentences(
        fill(texts.records_waiting, { n: store.pending }),
        begunWithout(store.begun_without),
        store.error,
      );
    const calendars = document.querySelector("[data-calendars]");
    const unpublished = store?.unpublished ?? [];
    calendars.hidden = !unpublished.length;
    calendars.querySelector("[data-text]").textContent = sentences(
      ...unpublished.map((each) =>
        fill(texts.unpublished, { ...each, calendars: each.calendars.join(", ") }),
      ),
    );
    const files = document.querySelector("[data-configuration]");
    files.hidden = !store?.configuration;
    if (!files.hidden) files.querySelector("[data-text]").textContent = sentences(texts.configuration_changed, store.configuration);
    const sound = document.querySelector("[data-recordings]");
    sound.hidden = !store?.recordings;
    if (!sound.hidden)
      sound.querySelector("[data-text]").textContent = sentences(fill(texts.recordings_waiting, { n: store.recordings_waiting }), store.recordings);
  }
  const agents = live
    .rows("agents")
    .sort((a, b) => RANK[a.state] - RANK[b.state] || a.code.localeCompare(b.code))
    .map((agent) => [agent.code, agent]);
  drawRows(place("agents"), template("agents"), agents, drawAgent, texts.no_agents, columns("agents"));
  const calls = live.rows("calls")
    .sort((a, b) => STAGE_RANK[a.stage] - STAGE_RANK[b.stage] || a.since - b.since)
    .map((call) => [call.id, call]);
  drawRows(place("calls"), template("calls"), calls, drawCall, texts.no_calls, columns("calls"));
  drawFigures();
  countAll(live.now());
  panel?.draw();
}

listenForPanels(place("agents"));
const live = new Live(texts, draw);
setInterval(() => countAll(live.now()), 1000);
