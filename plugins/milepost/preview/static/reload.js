// Live reload, only in `milepost serve`. The browser keeps the scroll position over location.reload().
const changes = new EventSource("/_preview/changes");

changes.onmessage = ({ data }) => {
  const { fault } = JSON.parse(data);
  if (fault === null) return location.reload();
  // Styles are set by script because the page's policy refuses inline ones.
  const overlay = document.querySelector("[data-fault]") || document.createElement("pre");
  overlay.dataset.fault = "";
  overlay.setAttribute("role", "alert");
  overlay.textContent = fault;
  Object.assign(overlay.style, {
    position: "fixed", inset: "auto 0 0 0", zIndex: 999, maxBlockSize: "60vh", overflow: "auto", margin: 0,
    padding: "1rem 1.5rem", background: "#2b0d0d", color: "#ffe3e0", font: "14px/1.6 ui-monospace, monospace",
    whiteSpace: "pre-wrap", borderBlockStart: "3px solid #ff6b5e", borderRadius: 0,
  });
  document.body.append(overlay);
};
addEventListener("pagehide", () => changes.close());
