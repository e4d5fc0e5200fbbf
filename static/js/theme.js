// Runs before the first paint: a page must not flash in the wrong theme.
(() => {
  const KEY = "plexica-theme";
  const CHOICES = ["light", "dark", "auto"];
  const system = window.matchMedia("(prefers-color-scheme: dark)");

  const stored = () => {
    try {
      const choice = window.localStorage.getItem(KEY);
      return CHOICES.includes(choice) ? choice : "auto";
    } catch {
      return "auto"; // storage may be forbidden: the system's choice is then kept
    }
  };

  const apply = (choice) => {
    const theme = choice === "auto" ? (system.matches ? "dark" : "light") : choice;
    document.documentElement.dataset.bsTheme = theme;
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      const active = button.dataset.themeChoice === choice;
      button.classList.toggle("active", active);
      button.setAttribute("aria-pressed", String(active));
    }
  };

  document.documentElement.dataset.scripts = "";
  apply(stored());
  system.addEventListener("change", () => apply(stored()));

  document.addEventListener("DOMContentLoaded", () => {
    apply(stored());
    document.addEventListener("click", (event) => {
      const button = event.target.closest("[data-theme-choice]");
      if (!button) return;
      try {
        window.localStorage.setItem(KEY, button.dataset.themeChoice);
      } catch {
        // the choice then lasts as long as the page
      }
      apply(button.dataset.themeChoice);
    });
  });
})();
