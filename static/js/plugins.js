// What a plugin writes into a page asks its own backend, in its own place, and nothing else in the
// person's name. Its HTML may be broken on purpose: nothing that it can name is believed here.
(() => {
  const ATTRIBUTE = "data-plugin-prefix";
  // An element's name or a form's fields can hide what documents and forms have of the same name.
  const attribute = (element, name) => Element.prototype.getAttribute.call(element, name);
  const closest = (element, selector) => Element.prototype.closest.call(element, selector);
  const contains = (place, element) => Node.prototype.contains.call(place, element);
  const first = (selector) => Document.prototype.querySelector.call(document, selector);
  const all = (selector) => [...Document.prototype.querySelectorAll.call(document, selector)];
  // Of a page that is a plugin's as a whole. Read before anything of a plugin can be swapped in;
  // what stands before it is the host's.
  const page = first("[data-plugin]");

  const placeOf = (element) => {
    if (!element) return null;
    if (page) {
      // HTML that is not well formed leaves its place: what follows is the plugin's all the same.
      const isAfter = page.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING;
      if (page === element || isAfter) return page;
    }
    // The outermost comes first, and is the host's; those within it may be the plugin's invention.
    return all(`[${ATTRIBUTE}]`).find((place) => contains(place, element)) ?? null;
  };

  const isBelow = (prefix, address) => {
    if (!URL.canParse(address, window.location.href)) return false;
    const { origin, pathname } = new URL(address, window.location.href);
    if (origin !== window.location.origin) return false;
    return pathname === prefix || pathname.startsWith(`${prefix}/`);
  };

  const refuse = (event, what) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    console.warn(`A plugin's HTML ${what}: that is not done.`);
  };

  // What cannot be judged is not done, either.
  const listen = (name, judge) => {
    const listener = (event) => {
      try {
        judge(event);
      } catch (error) {
        refuse(event, `cannot be judged (${error})`);
      }
    };
    EventTarget.prototype.addEventListener.call(document, name, listener, true);
  };

  const addressOf = (element, name) => {
    const bearer = closest(element, `[${name}], [data-${name}]`);
    const value = bearer && (attribute(bearer, name) ?? attribute(bearer, `data-${name}`));
    return ["true", "false", ""].includes(value) ? null : value;
  };

  listen("htmx:configRequest", (event) => {
    const place = placeOf(event.target);
    if (!place) return;
    const asked = [event.detail.path];
    for (const name of ["hx-push-url", "hx-replace-url"]) asked.push(addressOf(event.target, name));
    const wrong = asked.find((each) => each !== null && !isBelow(attribute(place, ATTRIBUTE), each));
    if (wrong !== undefined) {
      refuse(event, `asks for ${wrong}, which is not the plugin's`);
    } else if (closest(event.target, "[hx-select-oob], [data-hx-select-oob]")) {
      refuse(event, "sets an answer into other places by hx-select-oob");
    }
  });

  listen("submit", (event) => {
    const form = event.target;
    const action = event.submitter && attribute(event.submitter, "formaction");
    const address = action ?? attribute(form, "action") ?? window.location.href;
    for (const place of [placeOf(form), placeOf(event.submitter)]) {
      if (place && !isBelow(attribute(place, ATTRIBUTE), address)) {
        refuse(event, `has a form that leads to ${address}, which is not the plugin's`);
        return;
      }
    }
  });

  // Whose answer it is, its address says: by headers, a plugin could have anybody ask for it.
  listen("htmx:beforeSwap", (event) => {
    const { detail } = event;
    const asked = detail.xhr.responseURL || detail.requestConfig.path;
    const { pathname } = new URL(asked, window.location.href);
    const prefix = /^\/x\/[^/]+(?=\/|$)/.exec(pathname)?.[0];
    if (!prefix) return;
    if (page && detail.target === document.body) detail.target = page;
    const place = placeOf(detail.target);
    if (!place || !contains(place, detail.target) || attribute(place, ATTRIBUTE) !== prefix) {
      refuse(event, "is to be set in outside of the plugin's place");
      return;
    }
    if (place === detail.target) detail.swapOverride = "innerHTML";
    // Both reach elements by their ids, wherever those are.
    detail.serverResponse = detail.serverResponse.replace(/hx-(swap-oob|preserve)/gi, "hx-not-$1");
  });
})();
