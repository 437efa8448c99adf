// Milepost's journey script, v1: tells the site's own collector what was read. It keeps nothing in the browser,
// and whatever fails in here is never seen by the page.
(() => {
  try {
    const page = document, root = page.documentElement, browser = navigator;
    const meta = (name) => page.querySelector(`meta[name="touchpoint:${name}"]`)?.content;
    const touchpoint = meta("id");
    if (!touchpoint) return;
    const at = (path) => new URL(path, page.currentScript.src).href;
    const quiet = browser.globalPrivacyControl || browser.doNotTrack === "1";
    const events = at("/journey/v1/events") + (quiet ? "?counted=1" : ""), consent = at("/journey/v1/consent");
    let queue = [], seen = 0, since = 0, depth = 0;

    const host = (url) => { try { return new URL(url).host; } catch { return ""; } };
    const referrer = () => (host(page.referrer) ? { referrer: host(page.referrer) } : {});
    const id = () => { // UUIDv7: 48 bits of milliseconds, then random ones around version and variant
      const bytes = crypto.getRandomValues(new Uint8Array(16));
      for (let i = 5, time = Date.now(); i >= 0; i--, time = Math.floor(time / 256)) bytes[i] = time % 256;
      bytes[6] = (bytes[6] & 15) | 112;
      bytes[8] = (bytes[8] & 63) | 128;
      const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
      return hex.replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
    };
    const add = (type, data) =>
      queue.length < 100 && queue.push({ id: id(), type, touchpoint, at: new Date().toISOString(), data });
    // What could not be sent waits in memory for the next time.
    const send = async () => {
      const batch = queue;
      if (!batch[0]) return;
      queue = [];
      try {
        const answer = await fetch(events, { method: "POST", body: JSON.stringify(batch), keepalive: true });
        if (answer.status === 429 || answer.status > 499) throw 0;
        if (answer.headers.get("Milepost-Consent") === "ask" && !quiet) ask();
      } catch { queue = batch.concat(queue).slice(0, 100); }
    };
    const leave = () => { // the tab is hidden or left: the one moment that every browser tells of
      if (since) seen += Date.now() - since;
      since = 0;
      if (seen > 999) { add("engage", { seconds: Math.min(Math.round(seen / 1000), 86400), depth }); seen = 0; }
      if (queue[0] && browser.sendBeacon?.(events, JSON.stringify(queue))) queue = [];
      else send();
    };
    const scrolled = () => {
      const reached = Math.round(((scrollY + innerHeight) / root.scrollHeight) * 100);
      depth = Math.max(depth, Math.min(reached, 100));
    };
    const arrive = () => {
      since = Date.now();
      depth = 0;
      scrolled();
      add("view", referrer());
      if (meta("kind") === "error") add("not-found", { path: location.pathname, ...referrer() });
      send();
    };
    const ask = () => {
      const notice = page.querySelector("[data-consent]");
      if (!notice) return;
      notice.hidden = false;
      notice.onclick = ({ target }) => {
        const body = target.dataset.consentAnswer;
        if (!body) return;
        notice.hidden = true;
        fetch(consent, { method: "POST", body, keepalive: true }).catch(() => { notice.hidden = false; });
      };
    };

    page.addEventListener("visibilitychange", () => {
      if (page.visibilityState === "hidden") leave();
      else if (begun) since = Date.now();
      else begin();
    });
    addEventListener("pagehide", leave);
    addEventListener("pageshow", (event) => event.persisted && arrive());
    addEventListener("scroll", scrolled, { passive: true });
    page.addEventListener("click", ({ target }) => {
      const link = target.closest?.("a[href]");
      if (link && /^https?:$/.test(link.protocol) && link.host !== location.host) add("outbound", { host: link.host });
    }, true);

    // What other scripts of the site have to tell: a type, and its data if it has any.
    page.addEventListener("milepost", ({ detail: [type, data] }) => add(type, data));

    // A page that is prerendered, or opened in the background, is met when it is first seen.
    let begun = false;
    const begin = () => { begun = true; arrive(); };
    if (page.visibilityState === "visible" && !page.prerendering) begin();
  } catch { /* measuring is never worth a broken page */ }
})();
