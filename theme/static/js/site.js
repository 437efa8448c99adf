// What the theme adds where there is JavaScript; every page does without.
(() => {
  // A box that scrolls must be reached by the keyboard in every browser; one that does not is no stop on the way.
  const boxes = document.querySelectorAll("pre, table");
  const reach = () => {
    for (const box of boxes) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  };
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

  reach();
  addEventListener("resize", reach);
})();
