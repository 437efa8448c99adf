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
  reach();
  addEventListener("resize", reach);
})();
