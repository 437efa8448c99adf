// Milepost's journey script, v1: tells the site's own collector what was read. It keeps nothing in the browser,
// and whatever fails in here is never seen by the page.
(() => {
  try {
    const page = document, root = page.documentElement, browser = navigator, { src } = page.currentScript;
    const meta = (name) => page.querySelector(`meta[name="touchpoint:${name}"]`)?.content;
    const touchpoint = meta("id");
    if (!touchpoint) return;
    const quiet = browser.globalPrivacyControl || browser.doNotTrack === "1";
    const at = (path) => new URL(path, src).href;
    const events = at("/journey/v1/events") + (quiet ? "?counted=1" : "");
    let queue = [], seen = 0, since = 0, depth = 0, wait = 1e3, begun;

    const host = (url) => { try { return new URL(url).host; } catch { return ""; } };
    const referrer = () => (host(page.referrer) ? { referrer: host(page.referrer) } : {});
    // UUIDv7: milliseconds since 1970, the version, and random digits around the variant.
    const id = () => {
      const digits = (number, size) => number.toString(16).padStart(size, 0);
      const random = Array.from(crypto.getRandomValues(new Uint8Array(9)), (byte) => digits(byte, 2)).join("");
      return (digits(Date.now(), 12) + 7 + random).replace(/(.{8})(.{4})(.{4})(...)/, "$1-$2-$3-8$4-");
    };
    const add = (type, data, where = touchpoint, ago = 0) =>
      queue.length < 100 && queue.push({ id: id(), type, touchpoint: where, at: new Date(Date.now() - ago).toISOString(), data });
    const post = (url, body) => fetch(url, { method: "POST", body, keepalive: true, credentials: "include" });
    // What could not be sent waits in memory: for the next time, for the network, or for longer and longer.
    const send = async () => {
      const batch = queue;
      if (!batch[0]) return;
      queue = [];
      try {
        const answer = await post(events, JSON.stringify(batch));
        if (answer.status === 429 || answer.status > 499) throw 0;
        if (answer.headers.get("Milepost-Consent") === "ask" && !quiet) ask();
      } catch {
        queue = batch.concat(queue).slice(0, 100);
        setTimeout(send, (wait *= 2));
      }
    };
    // The tab is hidden or left: the one moment that every browser tells of.
    const leave = () => {
      // How far was read is asked here and where it scrolls, not on arrival, which would hold up the first rendering.
      if (since) { seen += Date.now() - since; scrolled(); }
      since = 0;
      if (seen > 999) { add("engage", { seconds: Math.min(Math.round(seen / 1e3), 86400), depth }); seen = 0; }
      // A beacon does not say whether it came; it is for browsers that would drop a request of a page that is left.
      if (queue[0] && !("keepalive" in Request.prototype) && browser.sendBeacon(events, JSON.stringify(queue))) queue = [];
      send();
    };
    const scrolled = () => {
      depth = Math.max(depth, Math.min(Math.round(((scrollY + innerHeight) / root.scrollHeight) * 100), 100));
    };
    const arrive = () => {
      since = Date.now();
      depth = 0;
      // Who comes by a link of a mail met the mail first; who comes back to its page does not meet it again.
      const mail = !begun && /[?&]touchpoint=(newsletter\/[a-z0-9._-]{1,80})(?:&|$)/.exec(location.search);
      if (mail) add("view", {}, mail[1], 1);
      begun = 1;
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
        post(at("/journey/v1/consent"), body).catch(() => { notice.hidden = false; });
      };
    };
    const form = (step) => ({ target }) => {
      const found = target.closest?.("form:not([role=search],[data-helpful])");
      if (!found || found[step]) return;
      found[step] = 1;
      const name = found.getAttribute("name") || found.getAttribute("action") || "";
      add("form", { name: name.slice(-300), step });
    };

    page.addEventListener("visibilitychange", () => {
      if (page.visibilityState === "hidden") leave();
      else if (begun) since = Date.now();
      else arrive();
    });
    addEventListener("pagehide", leave);
    addEventListener("pageshow", (event) => event.persisted && arrive());
    addEventListener("online", send);
    // Where the site asks for it, of some pages: how fast they were, once they are there.
    addEventListener("load", () => {
      if (Math.random() < meta("vitals")) root.append(Object.assign(page.createElement("script"), { src: at("/vitals.v1.js") }));
    });
    addEventListener("scroll", scrolled, { passive: true });
    page.addEventListener("focusin", form("started"));
    page.addEventListener("submit", form("sent"));
    page.addEventListener("click", ({ target }) => {
      const link = target.closest?.("a[href]");
      if (!link || !/^https?:$/.test(link.protocol)) return;
      const name = link.pathname.split("/").pop().slice(-300);
      if (link.hasAttribute("download") || /\.(pdf|zip|gz|dmg|exe|csv|xlsx?|docx?|epub)$/i.test(name)) add("download", { name });
      else if (link.host !== location.host) add("outbound", { host: link.host });
    }, true);

    // What other scripts of the site have to tell: a type, and its data if it has any.
    page.addEventListener("milepost", ({ detail: [type, data] }) => add(type, data));

    // A page that is prerendered, or opened in the background, is met when it is first seen.
    if (page.visibilityState === "visible") arrive();
  } catch { /* measuring is never worth a broken page */ }
})();
