// What the theme adds where there is JavaScript; every page does without.
(() => {
  // A box that scrolls must be reached by the keyboard in every browser; one that does not is no stop on the way.
  // Told of their sizes once they are laid out, and whenever they change: to ask would hold up the first rendering.
  const reach = new ResizeObserver((boxes) => {
    for (const { target: box } of boxes) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  });
  for (const box of document.querySelectorAll("pre, table")) reach.observe(box);

  // "/" leads to the search, unless something is being written, or the reader has switched it off there.
  const link = document.querySelector("[aria-keyshortcuts='/']");
  const isOff = () => { try { return localStorage.getItem("slash") === "off"; } catch { return false; } };
  addEventListener("keydown", (event) => {
    const { key, target, ctrlKey, metaKey, altKey } = event;
    if (key !== "/" || !link || ctrlKey || metaKey || altKey || target.closest?.("input, select, textarea, [contenteditable]") || isOff()) return;
    event.preventDefault();
    const field = document.querySelector("main [name=q]");
    if (field) field.focus();
    else link.click();
  });

  // A signup is answered on its page; what cannot be is sent as without JavaScript.
  for (const form of document.querySelectorAll("form:has(output#signup)")) {
    const [said, field] = [form.elements.signup, form.elements.address];
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const [title, ...more] = [...page.querySelectorAll("main h1, main p")].map((it) => it.textContent);
        if (!more[0]) throw 0;
        said.role = answer.ok ? "status" : "alert";
        said.textContent = `${title}. ${more.join(" ")}`;
        field.ariaInvalid = !answer.ok;
        if (answer.ok) form.reset();
        else field.focus();
      } catch { form.submit(); }
    });
  }

  // The zone that a reader's mornings are in is what their machine says, until they say otherwise.
  for (const field of document.querySelectorAll("select[data-guess]")) {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if ([...field.options].some((it) => it.value === zone)) field.value = zone;
  }

  // A button that copies a block of code. It is made here, so that without JavaScript none is there to do nothing.
  for (const block of navigator.clipboard ? document.querySelectorAll(".highlight") : []) {
    const button = document.createElement("button"), said = document.createElement("span");
    button.type = "button";
    button.className = "copy";
    said.role = "status";
    button.append("Copy", said);
    button.onclick = async () => {
      const code = block.querySelector("code").cloneNode(true);
      // Prompts and what a command answered are not to be typed.
      for (const part of code.querySelectorAll(".gp, .go")) part.remove();
      try {
        await navigator.clipboard.writeText(code.textContent);
        said.textContent = "Copied";
      } catch {
        said.textContent = "The browser does not allow it";
      }
      setTimeout(() => said.replaceChildren(), 2000);
    };
    block.append(button);
  }

  // "Join the discussion": a click, and nothing else, opens the discussion's page in a frame below the comments.
  const join = document.querySelector("[data-discussion] [data-open]");
  join?.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const frame = document.createElement("iframe");
    frame.title = join.textContent;
    frame.src = join.href;
    addEventListener("message", ({ source, origin, data }) => {
      if (source === frame.contentWindow && origin === location.origin && data?.height > 0) frame.height = Math.min(data.height, 30000);
    });
    join.closest("[data-discussion]").replaceChildren(frame);
    frame.focus();
    document.dispatchEvent(new CustomEvent("milepost", { detail: ["comment"] }));
  });
})();
