// The live connection: keeps the sections up to date, reconnects by itself, and makes it plain
// when what is shown is out of date.
import { fill } from "./page.js";

const SILENCE_MS = 12000; // the server sends something every 4 s
const LONGEST_PAUSE_S = 15;
const SIGNED_OUT = 4401;
const CHANGED = 4403;

export class Live {
  constructor(texts, onChange) {
    this.texts = texts;
    this.onChange = onChange;
    this.sections = {};
    this.others = {}; // what else a frame may have: its name to who takes it
    this.fresh = false;
    this.skew = 0; // the server's clock minus ours, in seconds
    this.seenAt = null;
    this.tries = 0;
    this.retryAt = 0;
    this.badge = document.getElementById("link");
    this.banner = document.getElementById("stale");
    setInterval(() => this.tick(), 1000);
    window.addEventListener("online", () => this.soon());
    document.addEventListener("visibilitychange", () => !document.hidden && this.tick());
    this.connect();
  }

  // Unix time in seconds by the server's clock. It stands still while the page is stale, because
  // nobody knows whether what is shown still holds.
  now() {
    return this.fresh ? Date.now() / 1000 + this.skew : this.stoppedAt;
  }

  rows(section) {
    return Object.values(this.sections[section] ?? {});
  }

  connect() {
    const url = new URL(this.texts.stream, location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    this.socket = socket;
    this.heardAt = Date.now();
    socket.onmessage = (event) => socket === this.socket && this.take(JSON.parse(event.data));
    socket.onclose = (event) => socket === this.socket && this.lost(event.code);
  }

  take(frame) {
    this.heardAt = Date.now();
    this.tries = 0;
    this.skew = frame.at - Date.now() / 1000;
    this.seenAt = new Date();
    const was = this.fresh;
    this.fresh = true;
    if (frame.all) this.sections = frame.all;
    for (const [name, rows] of Object.entries(frame.set ?? {}))
      this.sections[name] = { ...this.sections[name], ...rows };
    for (const [name, keys] of Object.entries(frame.gone ?? {}))
      for (const key of keys) delete this.sections[name][key];
    for (const [name, keys] of Object.entries(frame.order ?? {})) {
      const old = this.sections[name];
      this.sections[name] = Object.fromEntries(keys.map((key) => [`${key}`, old[key]]));
      this.orders = { ...this.orders, [name]: keys };
    }
    for (const [name, take] of Object.entries(this.others)) if (frame[name]) take(frame[name]);
    if (!was) this.show();
    if (frame.all || frame.set || frame.gone || frame.order || !was) this.onChange();
  }

  lost(code) {
    this.socket = null;
    if (code === SIGNED_OUT || code === CHANGED) {
      location.reload();
      return;
    }
    this.stop();
    const pause = Math.min(LONGEST_PAUSE_S, 2 ** this.tries) * (0.7 + 0.6 * Math.random());
    this.tries += 1;
    this.retryAt = Date.now() + pause * 1000;
    this.show();
  }

  stop() {
    if (this.fresh || this.stoppedAt === undefined) this.stoppedAt = Date.now() / 1000 + this.skew;
    this.fresh = false;
  }

  soon() {
    if (!this.socket) this.retryAt = Date.now();
  }

  tick() {
    if (this.socket && Date.now() - this.heardAt > SILENCE_MS) {
      const quiet = this.socket;
      this.lost(0);
      quiet.close();
    } else if (!this.socket) {
      if (Date.now() >= this.retryAt) {
        // A refused handshake looks like any other loss: ask whether we are still signed in.
        if (this.tries > 0 && this.tries % 3 === 0) this.askSession();
        this.connect();
      }
      this.show();
    }
  }

  // Without an upgrade, the stream answers 400 to those who may read it.
  async askSession() {
    try {
      const answer = await fetch(this.texts.stream, { method: "HEAD", redirect: "manual" });
      if (answer.type === "opaqueredirect" || [401, 403, 404].includes(answer.status)) location.reload();
    } catch {
      // still away
    }
  }

  show() {
    const text = this.badge.querySelector("[data-text]");
    document.body.classList.toggle("is-stale", !this.fresh && this.seenAt !== null);
    this.badge.className = `badge bg-${this.fresh ? "green" : "red"}-lt`;
    this.badge.querySelector(".status-dot").className =
      `status-dot me-2 status-${this.fresh ? "green status-dot-animated" : "red"}`;
    text.textContent = this.fresh ? this.texts.live : this.texts.connecting;
    const stale = !this.fresh && this.seenAt !== null;
    this.banner.hidden = !stale;
    if (!stale) return;
    const wait = Math.ceil((this.retryAt - Date.now()) / 1000);
    this.banner.querySelector("[data-text]").textContent = fill(
      !this.socket && wait > 0 ? this.texts.stale : this.texts.retrying,
      { time: this.seenAt.toLocaleTimeString(document.documentElement.lang, { timeZone: this.texts.zone }), n: wait },
    );
  }
}

export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const pad = (n) => String(n).padStart(2, "0");
  const h = Math.floor(whole / 3600);
  const m = Math.floor((whole % 3600) / 60);
  return h ? `${h}:${pad(m)}:${pad(whole % 60)}` : `${m}:${pad(whole % 60)}`;
}

// Keeps one element per row under `place`, made from `template`; `draw(parts, row)` fills it in.
export function drawRows(place, template, rows, draw, empty, columns) {
  const known = new Map([...place.children].map((e) => [e.dataset.key, e]));
  const wanted = [];
  for (const [key, row] of rows) {
    let element = known.get(key);
    if (!element) {
      element = template.content.firstElementChild.cloneNode(true);
      element.dataset.key = key;
      element.parts = {};
      for (const part of element.querySelectorAll("[data-f]")) element.parts[part.dataset.f] = part;
    }
    if (element.row !== row) {
      element.row = row;
      draw(element.parts, row, element);
    }
    wanted.push(element);
  }
  if (!wanted.length && empty) {
    const note = document.createElement(columns ? "tr" : "li");
    note.dataset.key = "";
    const text = columns ? document.createElement("td") : note;
    text.textContent = empty;
    text.className = columns ? "text-secondary text-center py-4" : "list-group-item text-secondary";
    if (columns) {
      text.colSpan = columns;
      note.append(text);
    }
    wanted.push(note);
  }
  // Elements that are in place stay untouched, so an open menu stays open.
  const focused = place.contains(document.activeElement) ? document.activeElement : null;
  wanted.forEach((element, n) => {
    if (place.children[n] !== element) place.insertBefore(element, place.children[n] ?? null);
  });
  while (place.children.length > wanted.length) place.lastElementChild.remove();
  // Whoever is at a row by keyboard stays there when it moves.
  if (focused?.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true });
}

// Elements with data-since or data-until keep counting by themselves; those with data-late stand out
// once they have counted further than that many seconds.
export function count(element, { since = null, until = null, late = null }) {
  if (since === null || late === null) {
    delete element.dataset.late;
    element.classList.remove("is-late");
  } else element.dataset.late = late;
  if (since === null) delete element.dataset.since;
  else element.dataset.since = since;
  if (until === null) delete element.dataset.until;
  else element.dataset.until = until;
  if (since === null && until === null) element.textContent = "–";
}

// The element is hidden until that moment; null: for good.
export function showAfter(element, moment) {
  element.hidden = true;
  if (moment === null) delete element.dataset.after;
  else element.dataset.after = moment;
}

export function countAll(now, format = duration) {
  for (const e of document.querySelectorAll("[data-after]"))
    e.hidden = now <= Number(e.dataset.after);
  for (const e of document.querySelectorAll("[data-since]"))
    e.textContent = format(now - Number(e.dataset.since));
  for (const e of document.querySelectorAll("[data-late]"))
    e.classList.toggle("is-late", now - Number(e.dataset.since) > Number(e.dataset.late));
  for (const e of document.querySelectorAll("[data-until]"))
    e.textContent = format(Number(e.dataset.until) - now);
}
