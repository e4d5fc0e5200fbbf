// Small behaviours that HTML and HTMX do not have. Every page works without them.
(() => {
  const byId = (id) => document.getElementById(id);

  // Speaks only when the words change: a region that is swapped every second must not chatter.
  const announce = (root) => {
    const source = root.querySelector?.("[data-announce]");
    const region = byId("announcer");
    if (source && region && region.textContent !== source.dataset.announce) {
      region.textContent = source.dataset.announce;
    }
  };

  const showConnection = (isLost) => {
    const banner = byId("connection-lost");
    if (banner) banner.hidden = !isLost;
  };

  const hideLater = (toast) => {
    const seconds = Number(toast.dataset.hideAfter);
    if (seconds > 0) window.setTimeout(() => toast.remove(), seconds * 1000);
  };

  const asSlug = (text) =>
    text
      .normalize("NFKD")
      .replace(/[\u0300-\u036f]/g, "")
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^[^a-z]+|-+$/g, "")
      .slice(0, 32)
      .replace(/-+$/, "");

  // Proposes an address from the name until somebody writes an address of their own.
  const proposeSlug = (source) => {
    const target = byId(source.dataset.slugTarget);
    if (!target) return;
    let isOwn = target.value !== "";
    target.addEventListener("input", (event) => {
      if (event.isTrusted) isOwn = target.value !== "";
    });
    source.addEventListener("input", () => {
      if (isOwn) return;
      target.value = asSlug(source.value);
      target.dispatchEvent(new Event("input", { bubbles: true }));
    });
  };

  // Shows what has all the words that are typed. Without scripts a button has the server do it.
  const filterRows = (input) => {
    const root = byId(input.dataset.filter);
    if (!root) return;
    root.querySelector("[data-filter-button]")?.remove();
    input.removeAttribute("name");
    const rows = [...root.querySelectorAll("[data-filter-row]")];
    const none = root.querySelector("[data-filter-empty]");
    const show = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
      }
      for (const group of root.querySelectorAll("[data-filter-group]")) {
        group.hidden = !group.querySelector("[data-filter-row]:not([hidden])");
      }
      if (none) none.hidden = rows.length === 0 || rows.some((row) => !row.hidden);
    };
    input.addEventListener("input", show);
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") event.preventDefault();
    });
    show();
  };

  document.addEventListener("DOMContentLoaded", () => {
    announce(document);
    document.querySelectorAll("[data-filter]").forEach(filterRows);
    document.querySelectorAll("[data-hide-after]").forEach(hideLater);
    document.querySelectorAll("[data-slug-target]").forEach(proposeSlug);
    // A form that is sent once must not be sent twice by an impatient second click.
    document.addEventListener("submit", (event) => {
      const button = event.submitter;
      if (!event.defaultPrevented && button?.dataset.busy !== undefined) {
        button.classList.add("btn-loading");
        button.setAttribute("aria-disabled", "true");
        if (event.target.dataset.sent) event.preventDefault();
        event.target.dataset.sent = "true";
      }
    });
    // Coming back with the browser's arrow shows the page as it was left: make it usable again.
    window.addEventListener("pageshow", (event) => {
      if (event.persisted) window.location.reload();
    });
  });

  // Copies what a button stands for. Where the browser does not allow it, the text is marked.
  const copy = async (button) => {
    const source = byId(button.dataset.copy);
    const region = byId("announcer");
    try {
      await navigator.clipboard.writeText(source.textContent.trim());
    } catch {
      window.getSelection().selectAllChildren(source);
      return;
    }
    const label = button.querySelector("[data-copy-label]") ?? button;
    label.textContent = button.dataset.copied;
    if (region) region.textContent = button.dataset.copied;
  };

  document.addEventListener("click", (event) => {
    const copier = event.target.closest("[data-copy]");
    if (copier) copy(copier);
    const closer = event.target.closest("[data-dismiss-toast]");
    if (closer) closer.closest(".toast")?.remove();
  });

  // What is not asked for need not stand in the address.
  document.addEventListener("htmx:configRequest", (event) => {
    const { verb, parameters } = event.detail;
    if (verb !== "get") return;
    for (const [name, value] of Object.entries(parameters)) {
      if (value === "") delete parameters[name];
    }
  });

  // A plugin that does not answer has words for its own place, and none for the whole page.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!event.detail.xhr.getResponseHeader("Plexica-Notice")) return;
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  });

  document.addEventListener("htmx:afterSettle", (event) => announce(event.target.parentNode ?? document));
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) showConnection(false);
  });
  document.addEventListener("htmx:sendError", () => showConnection(true));
  document.addEventListener("htmx:timeout", () => showConnection(true));
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status >= 500) showConnection(true);
  });
})();
