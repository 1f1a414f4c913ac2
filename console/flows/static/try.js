// Trying a flow out: the keyboard presses the telephone's keys, and the end of the talk is in sight.
const form = document.getElementById("try");
const typing = "input, textarea, select, [contenteditable]";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest(typing)) return;
  const key = form.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!key || key.disabled) return;
  event.preventDefault();
  key.click();
});

// Enter in a field does what the button beside it does, not what the first button of the page does.
form.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches("input")) return;
  const beside = event.target.parentElement.querySelector("button[type=submit]");
  if (!beside) return;
  event.preventDefault();
  beside.click();
});

function showLast() {
  const lines = document.querySelector(".talk-lines");
  if (lines) lines.scrollTop = lines.scrollHeight;
}
document.addEventListener("htmx:afterSwap", showLast);
showLast();
