// The prompts of a flow beside its text: what is said, in each language, to be listened to.
import { fill, toast } from "/static/app/page.js";

const heard = new Map(); // what was spoken, by language and text
let sounding = null;

// Has a text spoken, as callers hear it; `fields` are those of /prompts/say.
export async function play(button, texts, fields) {
  const { name, language, text } = fields;
  sounding?.stop();
  const key = `${name}\n${language}\n${text}`;
  if (!heard.has(key)) {
    button.disabled = true;
    const form = new URLSearchParams(fields);
    const token = document.querySelector('meta[name="form-token"]').content;
    try {
      const answer = await fetch("/prompts/say", { method: "POST", body: form, headers: { "X-CSRF-Token": token, Accept: "application/json" } });
      if (!answer.ok) {
        const said = await answer.json().catch(() => ({}));
        throw new Error(said.message ?? said.error ?? fill(texts.failed, { status: answer.status }));
      }
      heard.set(key, URL.createObjectURL(await answer.blob()));
    } catch (error) {
      toast(error.message, "danger");
      return;
    } finally {
      button.disabled = false;
    }
  }
  const sound = new Audio(heard.get(key));
  const stop = () => {
    sound.pause();
    button.classList.remove("is-playing");
    if (sounding?.sound === sound) sounding = null;
  };
  sounding = { sound, stop };
  sound.addEventListener("ended", stop);
  button.classList.add("is-playing");
  await sound.play().catch(stop);
}

// `project` is the flow's, whose recordings take a text's place; null: the user may not listen.
export function listPrompts(place, picture, { texts, project, goTo }) {
  const icon = document.getElementById("play-icon").content;
  const types = Object.entries(picture.variables).map(([name, type]) => `${name}:${type}`).join(" ");
  place.replaceChildren(...Object.entries(picture.prompts).map(([name, prompt]) => {
    const item = document.createElement("li");
    const head = Object.assign(document.createElement("button"), { type: "button", className: "flow-prompt-name text-primary", textContent: name });
    head.setAttribute("aria-label", fill(texts.go_to, { name }));
    head.addEventListener("click", () => goTo(prompt.line));
    item.append(head);
    for (const [language, text] of Object.entries(prompt.texts)) {
      const row = Object.assign(document.createElement("div"), { className: "flow-prompt-text" });
      const button = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-icon btn-sm flow-play" });
      button.setAttribute("aria-label", fill(texts.play, { name, language }));
      button.append(icon.cloneNode(true));
      button.addEventListener("click", () => void play(button, texts, { project, name, language, text, types }));
      if (project !== null) row.append(button);
      row.append(Object.assign(document.createElement("span"), { className: "badge bg-secondary-lt", textContent: language }), Object.assign(document.createElement("span"), { lang: language, textContent: text }));
      item.append(row);
    }
    return item;
  }));
}
