// The panel of one agent on the board: their state and what a supervisor may ask for now come from
// the live rows; their settings are a form of the centre's, which no frame of the board touches.
import { filterChoices } from "../app/filtered.js";
import { fill } from "../app/page.js";

const LONGEST_MS = 15000;

export class AgentPanel {
  constructor(texts, board) {
    this.texts = texts;
    this.board = board;
    this.box = document.getElementById("agent-panel");
    this.settings = this.part("settings");
    this.code = null;
    this.part("close").addEventListener("click", () => this.box.close());
    this.box.addEventListener("click", (event) => event.target === this.box && this.box.close());
    this.box.addEventListener("close", () => this.closed());
    this.settings.addEventListener("submit", (event) => {
      event.preventDefault();
      this.save(event.target);
    });
    this.settings.addEventListener("click", (event) => {
      if (event.target.closest("[data-panel-again]")) this.load();
    });
  }

  part(name) {
    return this.box.querySelector(`[data-${name}]`);
  }

  get address() {
    return `/centre/agent/${encodeURIComponent(this.code)}/panel`;
  }

  async open(code) {
    this.code = code;
    this.draw();
    if (!this.box.open) this.box.showModal();
    await this.load();
  }

  closed() {
    const rows = document.querySelector('[data-rows="agents"]');
    rows.querySelector(`[data-key="${CSS.escape(this.code)}"] [data-open]`)?.focus();
    this.code = null;
    this.settings.replaceChildren();
  }

  // What changes by itself while the panel is open.
  draw() {
    if (this.code === null) return;
    const agent = this.board.agentOf(this.code);
    this.part("code").textContent = this.code;
    const state = this.part("state");
    const commands = this.part("commands");
    state.hidden = !agent;
    if (agent) {
      this.part("name").textContent = agent.name;
      this.board.badge(state, this.texts.state_colours[agent.state], this.texts.states[agent.state]);
    }
    if (!commands) return;
    const held = commands.contains(document.activeElement);
    commands.hidden = !agent || !this.board.drawCommands(commands, agent, "btn btn-sm").length;
    if (held && !commands.contains(document.activeElement))
      (commands.querySelector("button") ?? this.part("close")).focus();
  }

  async load() {
    this.say("");
    const waiting = document.createElement("p");
    waiting.className = "card-body text-secondary mb-0";
    waiting.textContent = this.texts.loading;
    this.settings.replaceChildren(waiting);
    await this.ask({}, this.texts.not_loaded);
  }

  async save(form) {
    const button = form.querySelector("[type=submit]");
    button.disabled = true;
    this.say("");
    const token = document.querySelector('meta[name="form-token"]').content;
    const body = new URLSearchParams(new FormData(form));
    await this.ask({ method: "POST", headers: { "X-CSRF-Token": token }, body }, this.texts.no_answer);
    button.disabled = false;
  }

  // Asks for the form, or sends it. What comes back as a page takes the form's place; of anything
  // else is said what it is, and what was typed stays.
  async ask(options, otherwise) {
    const code = this.code;
    let response;
    let text;
    try {
      response = await fetch(this.address, {
        ...options,
        headers: { ...options.headers, Accept: "text/html, application/json" },
        signal: AbortSignal.timeout(LONGEST_MS),
      });
      text = await response.text();
    } catch {
      response = null;
    }
    if (this.code !== code) return; // another agent's panel is open by now, or none
    if (!response) this.say(otherwise);
    else if (response.headers.get("Content-Type")?.startsWith("text/html")) this.show(text);
    else if (response.status === 404) this.say(this.texts.agent_gone);
    else this.say(this.reason(text, response.status), options.method ? this.texts.not_saved : "");
  }

  reason(text, status) {
    try {
      return JSON.parse(text).message;
    } catch {
      return fill(this.texts.not_loaded, { status });
    }
  }

  say(...texts) {
    const said = texts.filter(Boolean).join(" ");
    const trouble = this.part("trouble");
    trouble.hidden = !said;
    trouble.textContent = said;
    if (said) this.settings.querySelector("p:only-child")?.remove(); // it is not loading any more
  }

  show(text) {
    const page = new DOMParser().parseFromString(text, "text/html");
    this.settings.replaceChildren(...page.body.childNodes);
    filterChoices(this.settings);
    const first = "[aria-invalid=true], #overtaken button, #panel-done";
    const wanted = this.settings.querySelector(first);
    wanted?.focus();
    (this.settings.querySelector("#overtaken, #mistake, #panel-done") ?? wanted)?.scrollIntoView({ block: "nearest" });
  }
}
