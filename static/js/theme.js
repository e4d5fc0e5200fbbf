// Runs before the first paint: a page must not flash in the wrong theme.
// The server says which theme somebody has chosen. The browser keeps a copy of that for pages that
// know nobody, such as those that say that somebody is logged out; without one, a tenant's counts.
(() => {
  const KEY = "plexica-theme";
  const CHOICES = ["light", "dark", "auto"];
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");

  const stored = () => {
    try {
      return window.localStorage.getItem(KEY);
    } catch {
      return null; // storage may be forbidden
    }
  };

  const store = (choice) => {
    try {
      window.localStorage.setItem(KEY, choice);
    } catch {
      // pages that know nobody then follow the system
    }
  };

  const known = (choice) => (CHOICES.includes(choice) ? choice : "auto");
  let choice = known(root.dataset.themeMode ?? stored() ?? root.dataset.themeDefault);

  const apply = () => {
    root.dataset.bsTheme = choice === "auto" ? (system.matches ? "dark" : "light") : choice;
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === choice));
    }
  };

  root.dataset.scripts = "";
  if (root.dataset.themeMode) store(choice);
  apply();
  system.addEventListener("change", apply);

  document.addEventListener("DOMContentLoaded", () => {
    apply();
    document.addEventListener("click", (event) => {
      const button = event.target.closest("[data-theme-choice]");
      if (!button) return;
      // Its form tells the server.
      choice = known(button.dataset.themeChoice);
      store(choice);
      apply();
    });
  });
})();
