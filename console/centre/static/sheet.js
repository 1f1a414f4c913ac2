// Agents' sheets: a file can be dropped, one too large is noticed before it is sent, and a form that
// is on its way is not sent twice.

const choose = document.getElementById("choose");
if (choose) {
  const input = choose.querySelector("input[type=file]");
  const mistake = choose.querySelector("[data-file-mistake]");
  const zone = choose.querySelector("[data-drop]");
  const check = () => {
    const large = [...input.files].some((file) => file.size > Number(choose.dataset.largest));
    mistake.textContent = large ? choose.dataset.tooLarge : "";
    mistake.hidden = !large;
    return !large;
  };
  input.addEventListener("change", check);
  choose.addEventListener("submit", (event) => { if (!check()) event.preventDefault(); });
  for (const kind of ["dragenter", "dragover"]) {
    zone.addEventListener(kind, (event) => { event.preventDefault(); zone.classList.add("is-over"); });
  }
  for (const kind of ["dragleave", "drop"]) zone.addEventListener(kind, () => zone.classList.remove("is-over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length !== 1) return;
    input.files = event.dataTransfer.files;
    check();
    choose.querySelector("[type=submit]").focus();
  });
}

for (const form of document.querySelectorAll("form[data-busy]")) {
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    const button = form.querySelector("[type=submit]");
    button.disabled = true;
    button.textContent = form.dataset.busy;
  });
}
// Back from the next page, a button must work again.
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

for (const button of document.querySelectorAll("[data-hands-out]")) {
  button.form.addEventListener("submit", (event) => {
    if (event.submitter !== button) return;
    const card = button.closest("section");
    const said = document.createElement("p");
    said.setAttribute("role", "status");
    said.className = "mb-0";
    said.textContent = card.dataset.handedOut;
    // After the browser has taken the button's name and value.
    setTimeout(() => card.querySelector(".card-body").replaceChildren(said));
  });
}
