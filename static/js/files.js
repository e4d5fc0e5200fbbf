// Uploading: what is too large is said before it is sent, and how far it is while it is.
(() => {
  const within = (form, name) => form.querySelector(`[data-upload-${name}]`);
  const words = (form) => form.querySelector("[data-too-large]").dataset;

  const say = (form, text) => {
    const error = within(form, "error");
    error.textContent = text;
    error.hidden = text === "";
  };

  const problemOf = (form) => {
    const files = [...form.querySelector("input[type=file]").files];
    const bytes = files.reduce((sum, file) => sum + file.size, 0);
    if (bytes > Number(form.dataset.maxBytes)) return words(form).tooLarge;
    if (files.some((file) => file.size === 0)) return words(form).empty;
    return "";
  };

  const showProgress = (form, percent) => {
    const box = within(form, "progress");
    box.hidden = percent === null;
    box.querySelector("progress").value = percent ?? 0;
    within(form, "percent").textContent = percent === null ? "" : `${percent} %`;
  };

  const release = (form) => {
    const button = form.querySelector("[data-busy]");
    button.classList.remove("btn-loading");
    button.removeAttribute("aria-disabled");
    delete form.dataset.sent;
    showProgress(form, null);
  };

  document.addEventListener("change", (event) => {
    const form = event.target.closest("[data-upload]");
    if (form && event.target.type === "file") say(form, problemOf(form));
  });

  // Before anything else hears of it: a form that is not sent must not look as if it were.
  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      if (!form.matches("[data-upload]") || problemOf(form) === "") return;
      say(form, problemOf(form));
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    true,
  );

  document.addEventListener("htmx:xhr:progress", (event) => {
    const { loaded, total, lengthComputable } = event.detail;
    const form = event.target;
    // The answer that comes in afterwards is progress, too, but nobody waits for it.
    if (!form.matches("[data-upload]") || !lengthComputable || form.dataset.done) return;
    showProgress(form, Math.floor((100 * loaded) / total));
    if (loaded === total) form.dataset.done = "true";
  });

  const fail = (event) => {
    const form = event.target;
    if (!form.matches?.("[data-upload]")) return;
    delete form.dataset.done;
    release(form);
    say(form, event.detail.xhr?.status === 413 ? words(form).tooLarge : words(form).failed);
  };
  for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, fail);
  }
})();
