// Live reload, only in `milepost serve`. The browser keeps the scroll position over location.reload().
const mine = new URL(document.currentScript.src).search.slice(1);
const changes = new EventSource("/_preview/changes");
let overlay;

changes.onmessage = ({ data }) => {
  const { version, fault } = JSON.parse(data);
  if (fault === null && version !== mine) return location.reload();
  overlay?.remove();
  if (fault === null) return;
  overlay = document.createElement("pre");
  overlay.dataset.fault = "";
  overlay.setAttribute("role", "alert");
  overlay.tabIndex = 0;
  overlay.textContent = fault;
  // Styles are set by script because the page's policy refuses inline ones.
  Object.assign(overlay.style, {
    position: "fixed", inset: "auto 0 0 0", zIndex: 999, maxBlockSize: "60vh", overflow: "auto", margin: 0,
    padding: "1rem 1.5rem", background: "#2b0d0d", color: "#ffe3e0", font: "14px/1.6 ui-monospace, monospace",
    whiteSpace: "pre-wrap", borderBlockStart: "3px solid #ff6b5e", borderRadius: 0,
  });
  document.body.append(overlay);
};
addEventListener("pagehide", () => changes.close());
// Back from the browser's cache of pages: what was closed is opened by loading anew.
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
