// A time that is filled in is meant: it chooses "Later", and choosing "Now" empties it.
const form = document.getElementById("publish");
const at = form?.elements.namedItem("at");
const when = form?.elements.namedItem("when");

at?.addEventListener("input", () => {
  if (at.value) when.value = "later";
});
for (const one of when ?? []) {
  one.addEventListener("change", () => {
    if (when.value === "now") at.value = "";
    else at.focus();
  });
}
