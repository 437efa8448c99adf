// What the web-vitals library above found, told once, when the page is left: milliseconds, and CLS without a unit.
(() => {
  const data = {};
  const keep = (name) => ({ value }) => { data[name] = Math.round(value * 1e4) / 1e4; };
  webVitals.onLCP(keep("lcp"));
  webVitals.onINP(keep("inp"));
  webVitals.onCLS(keep("cls"));
  const tell = () => {
    if (document.visibilityState !== "hidden" || data.told || !Object.keys(data).length) return;
    document.dispatchEvent(new CustomEvent("milepost", { detail: ["vitals", { ...data }] }));
    data.told = true;
  };
  document.addEventListener("visibilitychange", tell, true);
})();
