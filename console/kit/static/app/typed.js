// Keeps in this browser what was typed and is not saved yet. It belongs to one user: it outlives a
// session that expires, but neither a sign-out nor another user who signs in here.

const PREFIX = "offhook.";
const DRAFT = "draft.";
const USER = "user";

let over = false; // signed out: nothing more is kept, whatever still comes in

export function kept(key) {
  try {
    return localStorage.getItem(PREFIX + key);
  } catch {
    return null; // a browser that keeps nothing
  }
}

export function keep(key, text) {
  if (over) return;
  try {
    localStorage.setItem(PREFIX + key, text);
  } catch {
    // full, or forbidden
  }
}

export function drop(key) {
  try {
    localStorage.removeItem(PREFIX + key);
  } catch {
    // it was never kept
  }
}

export function keysOf(prefix) {
  try {
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(PREFIX + prefix))
      .map((key) => key.slice(PREFIX.length));
  } catch {
    return [];
  }
}

const forget = () => keysOf("").forEach(drop);

export const anythingTyped = () => keysOf(DRAFT).length > 0;

export function forgetAtSignOut() {
  over = true;
  forget();
}

// Another tab has signed out.
window.addEventListener("storage", (event) => {
  if (event.key === PREFIX + USER && event.newValue === null) over = true;
});

const user = document.querySelector('meta[name="user"]')?.content;
if (user) {
  const before = kept(USER);
  if (before && before !== user) forget();
  keep(USER, user);
}
