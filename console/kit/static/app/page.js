// What every page needs: toasts, questions, and posting forms with the errors in words.
import { anythingTyped, forgetAtSignOut } from "./typed.js";

const texts = JSON.parse(document.getElementById("page-texts").textContent);

const LONGEST_MS = 15000; // a button that waits for an answer must not stay dead for ever

export function toast(text, kind = "info") {
  const place = document.getElementById("toasts");
  if (!place) return;
  const box = document.createElement("div");
  box.className = `alert alert-${kind} alert-important shadow`;
  box.textContent = text;
  place.append(box);
  setTimeout(() => box.remove(), kind === "danger" ? 10000 : 4000);
}

export function fill(text, values) {
  return text.replace(/%\((\w+)\)s/g, (_, name) => values[name] ?? "");
}

// Posts a form's fields; returns {ok, message} whatever happens, and what else the answer has.
export async function post(url, fields = {}) {
  const token = document.querySelector('meta[name="form-token"]').content;
  let response;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: { "X-CSRF-Token": token, Accept: "application/json" },
      body: new URLSearchParams(fields),
      signal: AbortSignal.timeout(LONGEST_MS),
    });
  } catch {
    return { ok: false, message: texts.offline };
  }
  if (response.status === 401) return { ok: false, message: texts.signed_out };
  try {
    const answer = await response.json();
    return { ...answer, ok: answer.ok === true, message: answer.message ?? "" };
  } catch {
    return { ok: false, message: fill(texts.failed, { status: response.status }) };
  }
}

export function confirmed(question) {
  const box = document.getElementById("confirm");
  box.querySelector("[data-text]").textContent = question;
  box.returnValue = "no";
  box.showModal();
  box.querySelector("[data-yes]").focus();
  return new Promise((resolve) =>
    box.addEventListener("close", () => resolve(box.returnValue === "yes"), { once: true }),
  );
}

// Signing out drops what is typed and not saved, so it asks first.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.getAttribute("action") !== "/logout") return;
  event.preventDefault();
  if (anythingTyped() && !(await confirmed(texts.drop_typed))) return;
  forgetAtSignOut();
  form.submit();
});

// A form with data-confirm asks first. Without this script it goes straight on, as its button says.
document.addEventListener("submit", async (event) => {
  const { target: form, submitter } = event;
  if (!form.dataset.confirm || form.dataset.sure) return;
  event.preventDefault();
  if (!(await confirmed(form.dataset.confirm))) return;
  form.dataset.sure = "yes";
  form.requestSubmit(submitter);
  delete form.dataset.sure; // whoever comes back to the page is asked again
});

document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status === 401) return toast(texts.signed_out, "danger");
  const said = event.detail.xhr.responseText;
  const short = said && said.length < 500 && !said.startsWith("<");
  toast(short ? said : fill(texts.failed, { status: event.detail.xhr.status }), "danger");
});
document.addEventListener("htmx:sendError", () => toast(texts.offline, "danger"));
