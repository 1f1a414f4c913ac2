// A text that is typed and not saved yet, kept in this browser; it is offered when one comes back.
import { drop, keep, kept } from "/static/app/typed.js";

const KEEP_MS = 400; // after the last key

export class KeptText {
  #key;
  #typed;
  #from;
  #keeping = 0;
  #offered = null; // until somebody takes or drops it, it is not lost by typing and saving something else

  // `typed` returns the text, null if it is as it was saved; `from` what it was made from, by name: with
  // anything else there, what was kept is old. It is kept at the latest when the page is left.
  constructor(key, { typed, from }) {
    this.#key = `draft.${key}`;
    this.#typed = typed;
    this.#from = from;
    window.addEventListener("beforeunload", (event) => {
      if (typed() === null) return;
      this.now();
      event.preventDefault();
    });
  }

  soon() {
    clearTimeout(this.#keeping);
    this.#keeping = setTimeout(() => this.now(), KEEP_MS);
  }

  now() {
    clearTimeout(this.#keeping);
    const text = this.#typed();
    const one = text === null ? this.#offered : { ...this.#from(), text };
    if (one === null) drop(this.#key);
    else keep(this.#key, JSON.stringify(one));
  }

  // Offers in the box what was kept before, unless it is what is saved. `said` is given whether it is old;
  // `take` the text, too.
  offer(box, saved, { said, take }) {
    const before = this.#before();
    if (before === null || before.text === saved) return;
    this.#offered = before;
    const old = Object.entries(this.#from()).some(([name, value]) => before[name] !== value);
    box.querySelector("[data-text]").textContent = said(old);
    box.hidden = false;
    box.querySelector("[data-take]").addEventListener("click", () => {
      box.hidden = true;
      this.#offered = null;
      void take(before.text, old);
    });
    box.querySelector("[data-drop]").addEventListener("click", () => {
      box.hidden = true;
      this.#offered = null;
      this.now();
    });
  }

  // null: nothing, or what no page has kept.
  #before() {
    try {
      const found = JSON.parse(kept(this.#key));
      return typeof found?.text === "string" ? found : null;
    } catch {
      return null;
    }
  }
}
