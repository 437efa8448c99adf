// The page that Disqus' embed runs in: as a frame in an article, where the click was made already, or by itself, where a
// button asks for it. What it tells Disqus of the article stands in the article's own page, never in an address.
(() => {
  const page = document, { forum } = page.currentScript.dataset, named = "[data-discussion]";
  const find = (selector) => page.querySelector(selector);
  const show = (name) => { find(`[data-${name}]`).hidden = false; };
  let framing = null;
  try { framing = self !== top && parent.document.querySelector(named); } catch { /* in a page of somebody else's */ }
  if (framing) page.documentElement.classList.add("framed");

  const article = async () => {
    if (framing) return framing.dataset;
    try {
      const asked = new URLSearchParams(location.search).get("article");
      const address = new URL(asked || "no article", location.origin);
      if (!asked?.startsWith("/") || address.origin !== location.origin) return null;
      const html = await (await fetch(address)).text();
      return new DOMParser().parseFromString(html, "text/html").querySelector(named)?.dataset;
    } catch { return null; }
  };
  const load = ({ url, identifier, title }) => {
    const config = function () {
      this.page.url = url;
      this.page.identifier = identifier || url;
      this.page.title = title;
    };
    window.disqus_config = config;
    const script = page.createElement("script");
    script.src = `https://${forum}.disqus.com/embed.js`;
    script.dataset.timestamp = Date.now();
    script.onerror = () => show("lost");
    page.head.append(script);
    // Disqus takes light or dark from the page once, when it starts.
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => window.DISQUS?.reset({ reload: true, config }));
  };
  const start = async () => {
    find("[data-plain]").hidden = true;
    const found = await article();
    if (!found) return show("none");
    if (framing) {
      new ResizeObserver(() => parent.postMessage({ height: page.body.scrollHeight }, location.origin)).observe(page.body);
      return load(found);
    }
    const link = find("[data-article]");
    link.href = found.url;
    link.textContent = found.title;
    show("join");
    find("[data-join] button").onclick = () => {
      find("[data-join]").hidden = true;
      load(found);
      page.dispatchEvent(new CustomEvent("milepost", { detail: ["comment"] }));
    };
  };
  // Before any deferred script: a frame is no page that a reader came to, so it is not measured as one.
  page.addEventListener("readystatechange", () => {
    if (framing) find('meta[name="touchpoint:id"]')?.remove();
    start();
  }, { once: true });
})();
