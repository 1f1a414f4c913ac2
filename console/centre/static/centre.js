// The directory's lists and forms by keyboard: "/" searches, arrows move, Enter opens; groups of
// settings open with their switch; long choices can be filtered; rows grow as they are filled in.
import { filterChoices } from "../app/filtered.js";

const typing = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;
const links = () => [...document.querySelectorAll("table[data-keyed] tbody tr td:first-child a")];

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const search = document.querySelector("[data-search]");
  if (event.key === "/" && search && !typing(event.target)) {
    event.preventDefault();
    search.focus();
    search.select();
    return;
  }
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const all = links();
  const here = all.indexOf(document.activeElement);
  if (!all.length || (here < 0 && typing(event.target) && event.target !== search)) return;
  const next = event.key === "ArrowDown" ? here + 1 : here - 1;
  if (here < 0 && event.key === "ArrowUp") return;
  event.preventDefault();
  if (next < 0) search?.focus();
  else all[Math.min(next, all.length - 1)].focus();
});

for (const group of document.querySelectorAll("[data-group]")) {
  const toggle = group.querySelector("[data-group-switch]");
  const inside = group.querySelector("[data-group-inside]");
  const show = () => { inside.hidden = !toggle.checked; };
  toggle.addEventListener("change", show);
  show();
}

filterChoices(document);

for (const rows of document.querySelectorAll("[data-rows-of]")) {
  rows.addEventListener("input", () => {
    const all = rows.querySelectorAll("[data-row]");
    const last = all[all.length - 1];
    if (![...last.querySelectorAll("input")].some((input) => input.value)) return;
    const more = last.cloneNode(true);
    for (const part of more.querySelectorAll("[name], [for]")) {
      const renumbered = (text) => text.replace(/\.(\d+)\.([a-z_]+)$/, (_, n, setting) => `.${Number(n) + 1}.${setting}`);
      if (part.name) { part.name = renumbered(part.name); part.value = ""; part.id = renumbered(part.id); }
      if (part.htmlFor) part.htmlFor = renumbered(part.htmlFor);
    }
    rows.append(more);
  });
  rows.addEventListener("click", (event) => {
    const row = event.target.closest("[data-move-up]")?.closest("[data-row]");
    const before = row?.previousElementSibling;
    if (!before) return;
    const theirs = before.querySelectorAll("[name]");
    row.querySelectorAll("[name]").forEach((part, at) => {
      [part.value, theirs[at].value] = [theirs[at].value, part.value];
    });
    // The first row can't be moved further.
    before.querySelector(before.previousElementSibling ? "[data-move-up]" : "[name]").focus();
  });
}

document.querySelector("[aria-invalid=true]")?.focus();
