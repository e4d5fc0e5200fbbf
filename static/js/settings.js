// The colour of the theme: a picker beside the field, and the proposal that can be taken.
(() => {
  const VALID = /^#?[0-9a-f]{6}$/i;

  const write = (field, colour) => {
    field.value = colour;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };

  document.addEventListener("DOMContentLoaded", () => {
    for (const picker of document.querySelectorAll("[data-colour-for]")) {
      const field = document.getElementById(picker.dataset.colourFor);
      if (!field) continue;
      const follow = () => {
        const typed = field.value.trim() || picker.dataset.default;
        if (VALID.test(typed)) picker.value = (typed.startsWith("#") ? typed : `#${typed}`).toLowerCase();
      };
      follow();
      field.addEventListener("input", follow);
      picker.addEventListener("input", () => write(field, picker.value));
    }
    document.addEventListener("click", (event) => {
      const button = event.target.closest("[data-take-colour]");
      const field = button && document.getElementById(button.dataset.colourInto);
      if (!field) return;
      write(field, button.dataset.takeColour);
      field.focus();
    });
  });
})();
