// "Join the discussion": a click, and nothing else, opens the discussion's page in a frame below the comments.
(() => {
  const link = document.querySelector("[data-discussion] [data-open]");
  link?.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const frame = document.createElement("iframe");
    frame.title = link.textContent;
    frame.src = link.href;
    addEventListener("message", ({ source, origin, data }) => {
      if (source === frame.contentWindow && origin === location.origin && data?.height > 0) frame.height = Math.min(data.height, 30000);
    });
    link.closest("[data-discussion]").replaceChildren(frame);
    frame.focus();
    document.dispatchEvent(new CustomEvent("milepost", { detail: ["comment"] }));
  });
})();
