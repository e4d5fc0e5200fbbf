// What a plugin writes into a page asks its own backend, in its own place, and nothing else in the
// person's name. Its HTML may be broken on purpose: nothing that it can name is believed here.
(() => {
  const ATTRIBUTE = "data-plugin-prefix";
  // Of a page that is a plugin's as a whole. Read before anything of a plugin can be swapped in;
  // what stands before it is the host's.
  const page = document.querySelector("[data-plugin]");
  // A form's fields can hide what the form itself has of this name.
  const attribute = (element, name) => Element.prototype.getAttribute.call(element, name);

  const placeOf = (element) => {
    if (!element) return null;
    if (page) {
      // HTML that is not well formed leaves its place: what follows is the plugin's all the same.
      const isAfter = page.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING;
      if (page === element || isAfter) return page;
    }
    // The outermost comes first, and is the host's; those within it may be the plugin's invention.
    const places = [...document.querySelectorAll(`[${ATTRIBUTE}]`)];
    return places.find((place) => Node.prototype.contains.call(place, element)) ?? null;
  };

  const isBelow = (prefix, address) => {
    if (!URL.canParse(address, window.location.href)) return false;
    const { origin, pathname } = new URL(address, window.location.href);
    if (origin !== window.location.origin) return false;
    return pathname === prefix || pathname.startsWith(`${prefix}/`);
  };

  const refuse = (event, what) => {
    event.preventDefault();
    console.warn(`A plugin's HTML ${what}: that is not done.`);
  };

  document.addEventListener("htmx:configRequest", (event) => {
    const place = placeOf(event.target);
    if (!place) return;
    if (!isBelow(attribute(place, ATTRIBUTE), event.detail.path)) {
      refuse(event, `asks for ${event.detail.path}, which is not the plugin's`);
    } else if (Element.prototype.closest.call(event.target, "[hx-select-oob], [data-hx-select-oob]")) {
      refuse(event, "sets an answer into other places by hx-select-oob");
    }
  });

  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      const action = event.submitter && attribute(event.submitter, "formaction");
      const address = action ?? attribute(form, "action") ?? window.location.href;
      for (const place of [placeOf(form), placeOf(event.submitter)]) {
        if (place && !isBelow(attribute(place, ATTRIBUTE), address)) {
          refuse(event, `has a form that leads to ${address}, which is not the plugin's`);
          event.stopImmediatePropagation();
          return;
        }
      }
    },
    true,
  );

  // Whose answer it is, its address says: by headers, a plugin could have anybody ask for it.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { detail } = event;
    const { pathname } = new URL(detail.xhr.responseURL || detail.requestConfig.path, window.location.href);
    const prefix = /^\/x\/[^/]+(?=\/|$)/.exec(pathname)?.[0];
    if (!prefix) return;
    if (page && detail.target === document.body) detail.target = page;
    const place = placeOf(detail.target);
    const isInside = place && Node.prototype.contains.call(place, detail.target);
    if (!isInside || attribute(place, ATTRIBUTE) !== prefix) {
      refuse(event, "is to be set in outside of the plugin's place");
      return;
    }
    if (place === detail.target) detail.swapOverride = "innerHTML";
    // Both reach elements by their ids, wherever those are.
    detail.serverResponse = detail.serverResponse.replace(/hx-(swap-oob|preserve)/gi, "hx-not-$1");
  });
})();
