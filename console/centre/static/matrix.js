// The matrix of agents and skills as a grid for the keyboard: one cell has the focus, digits set its
// level, and all that was changed is saved at once. The server's table is the only store: a cell that
// differs from what was shown is in "unsaved" with what it was.
import { fill, post } from "../app/page.js";

const texts = JSON.parse(document.getElementById("texts").textContent);
const grid = document.getElementById("matrix");
const box = grid.parentElement;
const rows = [...grid.tBodies[0].rows];
const heads = [...grid.tHead.rows[0].cells];
const form = document.getElementById("save");
const said = document.getElementById("said");
const alarm = document.getElementById("alarm");
const most = Number(grid.dataset.mostCells);
const highest = Number(grid.dataset.mostLevel);

const unsaved = new Map(); // cell -> the level it had, as text
let steps = []; // [cell, the text before], for Ctrl+Z
let typed = null; // the cell whose level is being typed: 1, then 0, is 10
let saving = false;
let row = 0; // where the focus is, or comes back to
let column = 1; // 0: the agent

const cellAt = (y, x) => rows[y].cells[x];
const focused = () => (column === 0 ? cellAt(row, 0).querySelector("a") : cellAt(row, column));
const isFixed = (cell) => cell.getAttribute("aria-readonly") === "true";

function alarmed(text) {
  alarm.replaceChildren();
  if (!text) return;
  const shown = document.createElement("div");
  shown.className = "alert alert-danger";
  shown.textContent = text;
  alarm.append(shown);
}

// Where the focus is.

function describe() {
  if (!form) return;
  const cell = cellAt(row, Math.max(column, 1));
  const agent = rows[row].cells[0].querySelector("a").textContent;
  form.querySelector("#here").textContent = `${agent} · ${heads[cell.cellIndex].textContent}`;
  for (const button of form.querySelectorAll("[data-level]")) {
    button.disabled = column === 0 || isFixed(cell);
    button.classList.toggle("active", column > 0 && button.dataset.level === cell.textContent);
  }
}

function moveTo(y, x, focus = true) {
  focused().tabIndex = -1;
  row = Math.min(Math.max(y, 0), rows.length - 1);
  column = Math.min(Math.max(x, 0), heads.length - 1);
  typed = null;
  const now = focused();
  now.tabIndex = 0;
  if (focus) now.focus();
  describe();
}

function screenful() {
  return Math.max(1, Math.floor((box.clientHeight - grid.tHead.offsetHeight) / rows[row].offsetHeight) - 1);
}

// What was typed and is not saved.

function count() {
  if (!form) return;
  const shown = document.getElementById("count");
  shown.textContent = saving ? texts.saving : unsaved.size ? fill(texts.unsaved, { n: unsaved.size }) : texts.none;
  shown.classList.toggle("is-some", unsaved.size > 0);
  form.querySelector("[type=submit]").disabled = saving || !unsaved.size;
  document.getElementById("undo").disabled = saving || !steps.length;
}

function mark(cell, before) {
  const differs = cell.textContent !== before;
  if (differs) unsaved.set(cell, before);
  else unsaved.delete(cell);
  cell.classList.toggle("is-unsaved", differs);
  if (differs) cell.setAttribute("aria-description", before ? fill(texts.was, { level: before }) : texts.was_none);
  else cell.removeAttribute("aria-description");
}

function put(cell, level, isMore = false) {
  if (saving || cell.textContent === level) return;
  if (isFixed(cell)) return alarmed(texts.read_only);
  if (!unsaved.has(cell) && unsaved.size >= most) return alarmed(fill(texts.most, { n: most }));
  alarmed("");
  if (!isMore) steps.push([cell, cell.textContent]);
  const before = unsaved.get(cell) ?? cell.textContent;
  cell.textContent = level;
  mark(cell, before);
  count();
  describe();
}

function type(digit) {
  const cell = cellAt(row, column);
  const both = typed === cell ? cell.textContent + digit : "";
  const more = both !== "" && Number(both) <= highest;
  put(cell, more ? both : digit === "0" ? "" : digit, more);
  typed = cell.textContent ? cell : null;
}

function undo() {
  const step = saving ? undefined : steps.pop();
  if (!step) return;
  const [cell, text] = step;
  const before = unsaved.get(cell) ?? cell.textContent;
  cell.textContent = text;
  mark(cell, before);
  moveTo(rows.indexOf(cell.parentElement), cell.cellIndex);
  alarmed("");
  count();
}

grid.addEventListener("keydown", (event) => {
  const control = event.ctrlKey || event.metaKey;
  if (event.altKey || event.isComposing) return;
  const moves = {
    ArrowUp: [row - 1, column],
    ArrowDown: [row + 1, column],
    ArrowLeft: [row, column - 1],
    ArrowRight: [row, column + 1],
    Home: [control ? 0 : row, 1],
    End: [control ? rows.length - 1 : row, heads.length - 1],
    PageUp: [row - screenful(), column],
    PageDown: [row + screenful(), column],
  };
  const { key } = event;
  if (key in moves && !(control && key.startsWith("Page"))) moveTo(...moves[key]);
  else if (control || column === 0) return;
  else if (/^[0-9]$/.test(key)) type(key);
  else if (key === "Delete" || key === "Backspace") {
    put(cellAt(row, column), "");
    typed = null;
  } else if (key === "Enter") moveTo(row + (event.shiftKey ? -1 : 1), column);
  else return;
  event.preventDefault();
});

grid.addEventListener("focusin", (event) => {
  const cell = event.target.closest("td, th");
  const y = rows.indexOf(cell?.parentElement);
  if (y >= 0 && (y !== row || cell.cellIndex !== column)) moveTo(y, cell.cellIndex, false);
});

grid.addEventListener("mousedown", (event) => {
  const cell = event.target.closest("tbody td");
  if (!cell) return;
  event.preventDefault();
  moveTo(rows.indexOf(cell.parentElement), cell.cellIndex);
});

document.getElementById("q").addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown") return;
  event.preventDefault();
  focused().focus();
});

// Saving.

function changes() {
  const byRow = new Map();
  for (const cell of unsaved.keys()) {
    const cells = byRow.get(cell.parentElement) ?? [];
    cells.push(`${heads[cell.cellIndex].dataset.skill}.${cell.textContent || "0"}`);
    byRow.set(cell.parentElement, cells);
  }
  return [...byRow].map(([line, cells]) => ["agent", [line.dataset.agent, line.dataset.seen, ...cells].join(" ")]);
}

// What an agent is now: what we typed stays, what others have changed is theirs.
function take(code, now) {
  const line = rows.find((one) => one.dataset.agent === code);
  if (!line) return;
  line.dataset.seen = now.seen;
  for (const cell of [...line.cells].slice(1)) {
    const level = String(now.levels[heads[cell.cellIndex].dataset.skill] ?? "");
    const before = unsaved.get(cell) ?? cell.textContent;
    const mine = unsaved.has(cell) ? cell.textContent : null;
    if (mine === null) cell.textContent = level;
    cell.classList.toggle("is-theirs", before !== level && mine !== level);
    for (const step of steps) if (step[0] === cell && step[1] === before) step[1] = level;
    mark(cell, level);
  }
}

function lock(cell) {
  if (unsaved.has(cell)) {
    cell.textContent = unsaved.get(cell);
    mark(cell, cell.textContent);
  }
  steps = steps.filter(([one]) => one !== cell);
  cell.setAttribute("aria-readonly", "true");
}

function lockAll(agents, skills) {
  for (const line of rows) {
    const whole = agents.includes(line.dataset.agent);
    if (whole) line.classList.add("is-fixed");
    for (const cell of [...line.cells].slice(1))
      if (whole || skills.includes(heads[cell.cellIndex].dataset.skill)) lock(cell);
  }
  for (const head of heads) if (skills.includes(head.dataset.skill)) head.classList.add("is-gone");
}

// The page was open while its session ended, and the user has signed in anew: another token holds.
async function renewToken() {
  const page = await fetch(location.href, { headers: { Accept: "text/html" } });
  const found = new DOMParser().parseFromString(await page.text(), "text/html").querySelector('meta[name="form-token"]');
  if (found) document.querySelector('meta[name="form-token"]').content = found.content;
}

async function send() {
  const fields = [["change.note", document.getElementById("change-note").value], ...changes()];
  const answer = await post("/centre/matrix", fields);
  if (answer.error !== "old_form") return answer;
  await renewToken().catch(() => {});
  return post("/centre/matrix", fields);
}

async function save() {
  if (saving || !unsaved.size) return;
  saving = true;
  typed = null;
  grid.setAttribute("aria-busy", "true");
  alarmed("");
  said.replaceChildren();
  count();
  const answer = await send();
  saving = false;
  grid.removeAttribute("aria-busy");
  for (const cell of grid.querySelectorAll(".is-theirs")) cell.classList.remove("is-theirs");
  for (const [code, now] of Object.entries(answer.agents ?? {})) take(code, now);
  lockAll(answer.locked_agents ?? [], answer.locked_skills ?? []);
  if (answer.html) said.innerHTML = answer.html; // the server's own template
  alarmed(answer.message);
  if (answer.ok) {
    steps = [];
    document.getElementById("change-note").value = "";
  }
  if (!answer.ok) (said.firstElementChild ?? alarm).scrollIntoView({ block: "nearest" });
  count();
  describe();
}

if (form) {
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save();
  });
  document.getElementById("undo").addEventListener("click", undo);
  for (const button of form.querySelectorAll("[data-level]")) {
    button.addEventListener("mousedown", (event) => event.preventDefault()); // the cell keeps the focus
    button.addEventListener("click", () => {
      put(cellAt(row, column), button.dataset.level);
      typed = null;
    });
  }
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    if (event.key === "Enter" && !event.repeat) save();
    else if (event.key.toLowerCase() === "z" && !event.target.closest("input, select")) undo();
    else return;
    event.preventDefault();
  });
}

addEventListener("beforeunload", (event) => {
  if (unsaved.size) event.preventDefault();
});

for (const stop of grid.querySelectorAll("tbody td, tbody a")) stop.tabIndex = -1; // Tab stops at one of them
moveTo(0, 1, false);
count();
