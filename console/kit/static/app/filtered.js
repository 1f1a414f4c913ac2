// A box above long choices, in which one types a part of what one looks for. What is chosen stays.
export function filterChoices(place) {
  for (const set of place.querySelectorAll("[data-filtered]")) {
    const box = document.createElement("input");
    box.type = "search";
    box.className = "form-control form-control-sm mb-2";
    box.setAttribute("aria-label", set.querySelector("legend").textContent);
    box.placeholder = "…";
    set.querySelector("legend").after(box);
    box.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
    box.addEventListener("input", () => {
      const wanted = box.value.trim().toLowerCase();
      for (const option of set.querySelectorAll("label.form-check, [data-option]")) {
        const chosen = option.querySelector("input:checked") || option.querySelector("input.level-input")?.value;
        option.hidden = !chosen && !option.textContent.toLowerCase().includes(wanted);
      }
    });
  }
}
