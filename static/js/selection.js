// Rows that are chosen by their boxes: all at once, and how many there are. The table may be swapped.
(() => {
  const boxes = (root) => [...root.querySelectorAll('tbody input[type="checkbox"][name]')];

  const show = (root) => {
    const all = boxes(root);
    const chosen = all.filter((box) => box.checked).length;
    const whole = root.querySelector("[data-selection-all]");
    if (whole) {
      whole.checked = chosen > 0 && chosen === all.length;
      whole.indeterminate = chosen > 0 && chosen < all.length;
    }
    for (const button of root.querySelectorAll("[data-selection-action]")) {
      button.disabled = chosen === 0;
    }
    const count = root.querySelector("[data-selection-count]");
    if (count) {
      const words = chosen === 1 ? count.dataset.one : count.dataset.many.replace("#", chosen);
      count.textContent = chosen === 0 ? "" : words;
    }
  };

  document.addEventListener("change", (event) => {
    const root = event.target.closest("[data-selection]");
    if (!root) return;
    if (event.target.matches("[data-selection-all]")) {
      for (const box of boxes(root)) box.checked = event.target.checked;
    }
    show(root);
  });
  const showAll = () => document.querySelectorAll("[data-selection]").forEach(show);
  // The browser may have kept boxes from before a reload.
  document.addEventListener("DOMContentLoaded", showAll);
  document.addEventListener("htmx:afterSettle", showAll);
})();
