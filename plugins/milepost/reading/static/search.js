// The search page, over Pagefind's own index; and, on the page for a lost address, the titles that come near it.
// Loaded on these two pages only. What it shows is made of text nodes: nothing of an index or an address is markup.

const root = new URL("../", import.meta.url);
const PAGE = 10;
const PAUSE_MS = 200;
const SETTLED_MS = 1500;
const KINDS = { blog: "Article", docs: "Docs", pages: "Page" };

const made = (name, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
};

// What two titles have in common, from 0 to 1: shared pairs of letters (Dice), so that a slip of the finger costs little.
const pairs = (text) => {
  const plain = text.normalize("NFKD").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim();
  return Array.from({ length: Math.max(0, plain.length - 1) }, (_, i) => plain.slice(i, i + 2));
};
const likeness = (one, other) => {
  const rest = pairs(other), first = pairs(one), all = first.length + rest.length;
  let shared = 0;
  for (const pair of first) {
    const at = rest.indexOf(pair);
    if (at >= 0) { shared++; rest.splice(at, 1); }
  }
  return all ? (2 * shared) / all : 0;
};

const showNearest = async (words) => {
  const section = document.querySelector("[data-nearest]"), list = section?.querySelector("ul");
  if (!section) return;
  const titles = words ? await (await fetch(new URL("pagefind/titles.json", root))).json() : [];
  const near = titles
    .map(([address, title]) => ({ address, title, like: Math.max(likeness(words, title), likeness(words, address)) }))
    .filter(({ like }) => like > 0.35)
    .sort((a, b) => b.like - a.like)
    .slice(0, 5);
  list.replaceChildren(...near.map(({ address, title }) =>
    made("li", {}, made("a", { href: new URL(address, root).href, textContent: title }))));
  section.hidden = !near.length;
};

// Only text and <mark> of an excerpt are taken over.
const excerpt = (html) => {
  const { body } = new DOMParser().parseFromString(html, "text/html");
  return Array.from(body.childNodes, (node) => node.nodeName === "MARK" ? made("mark", { textContent: node.textContent }) : node.textContent);
};

const resultOf = ({ url, meta, excerpt: found, sub_results: parts }) => {
  const sections = parts.filter((part) => part.url !== url).slice(0, 3);
  const about = [KINDS[meta.kind], meta.date].filter(Boolean);
  const item = made("li", {}, made("h2", {}, made("a", { href: url, textContent: meta.title })), made("p", { className: "excerpt" }, ...excerpt(found)));
  if (sections.length) {
    item.append(made("ul", { className: "sections" }, ...sections.map((part) => made("li", {}, made("a", { href: part.url, textContent: part.title })))));
  }
  item.append(made("p", { className: "meta" }, ...about.map((text) => made("span", { textContent: text }))));
  return item;
};

// What is told of a search: no address of a person, no number.
const normalised = (query) =>
  query.normalize("NFKC").toLowerCase().replace(/\S+@\S+/g, " ").replace(/\p{N}+/gu, " ").replace(/[\p{C}\s]+/gu, " ").trim().slice(0, 300);

const searchPage = (form) => {
  const status = document.querySelector("[data-search-status]"), list = document.querySelector("[data-search-results]");
  const more = document.querySelector("[data-search-more]"), field = form.elements.q;
  let turn = 0, pausing, settling, told = "", engine, tries = 0;

  const pagefind = () => (engine ??= (async () => {
    // A module that could not be loaded once is not asked for again under the same address.
    const module = await import(new URL(`pagefind/pagefind.js${tries ? `?${tries}` : ""}`, root));
    await module.options({ baseUrl: root.pathname, excerptLength: 28 });
    await module.init();
    return module;
  })());
  const asked = () => Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]).filter(([, value]) => value));

  const report = (query, results) => {
    const detail = { query: normalised(query), results };
    if (!detail.query || told === detail.query + results) return;
    told = detail.query + results;
    document.dispatchEvent(new CustomEvent("milepost", { detail: ["search", detail] }));
  };

  const say = (results, query, narrowed) => {
    status.textContent = results
      ? `${results} ${results === 1 ? "page" : "pages"} for “${query}”.`
      : `No page ${narrowed ? "there " : ""}for “${query}”. ${narrowed ? "Elsewhere there may be one." : "Fewer words, or others, may find some."}`;
    if (!results && narrowed) {
      const wider = made("button", { type: "button", textContent: "Look in everything" });
      wider.onclick = () => {
        form.reset();
        field.value = query;
        search();
        field.focus();
      };
      status.append(" ", wider);
    }
  };

  const search = async () => {
    const mine = ++turn, { q: query = "", in: surface, ...others } = asked();
    const address = new URL(location.pathname, location.origin);
    address.search = new URLSearchParams({ ...(query && { q: query }), ...(surface && { in: surface }), ...others });
    history.replaceState(null, "", address);
    clearTimeout(settling);
    const filters = { ...(surface && { surface }), ...others };
    let found = [];
    if (query) {
      try {
        found = (await (await pagefind()).search(query, { filters })).results;
      } catch {
        engine = undefined;
        if (tries++ < 5) setTimeout(search, 1000);
        status.textContent = "The search cannot be loaded just now. Try again in a moment, or look through the lists below.";
        return;
      }
    }
    const shown = await Promise.all(found.slice(0, PAGE).map((result) => result.data()));
    if (mine !== turn) return;
    list.replaceChildren(...shown.map(resultOf));
    if (query) say(found.length, query, Object.keys(filters).length > 0);
    else status.textContent = "";
    more.hidden = found.length <= PAGE;
    more.firstElementChild.onclick = async () => {
      const from = list.children.length;
      const next = await Promise.all(found.slice(from, from + PAGE).map((result) => result.data()));
      list.append(...next.map(resultOf));
      list.children[from].querySelector("a").focus();
      more.hidden = list.children.length >= found.length;
    };
    await showNearest(found.length ? "" : query);
    if (query) {
      const tell = () => report(query, found.length);
      settling = setTimeout(tell, SETTLED_MS);
      list.onclick = form.ontell = tell;
    }
  };

  const fill = () => {
    for (const [name, value] of new URLSearchParams(location.search)) {
      const control = form.elements.namedItem(name);
      if (control) control.value = value;
    }
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(pausing);
    search().then(() => form.ontell?.());
  });
  form.addEventListener("input", () => {
    clearTimeout(pausing);
    pausing = setTimeout(search, PAUSE_MS);
  });
  // Down and up go from the field to the results and back.
  document.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const stops = [field, ...list.querySelectorAll("h2 a")], at = stops.indexOf(document.activeElement);
    if (!step || at < 0 || !stops[at + step]) return;
    event.preventDefault();
    stops[at + step].focus();
  });
  addEventListener("pagehide", () => form.ontell?.());

  const key = document.querySelector("[data-search-key]");
  try {
    key.checked = localStorage.getItem("slash") !== "off";
    key.onchange = () => key.checked ? localStorage.removeItem("slash") : localStorage.setItem("slash", "off");
  } catch {
    key.disabled = true;
  }

  fill();
  if (field.value) search();
  else field.focus();
};

const form = document.querySelector("[data-search]");
const lost = document.querySelector("[data-search-lost]");
if (form) searchPage(form);
if (lost) {
  let words = location.pathname.slice(root.pathname.length);
  try { words = decodeURIComponent(words); } catch { /* not UTF-8: as it is */ }
  lost.value = words.replace(/\.\w+$/, "").replace(/[^\p{L}\p{N}]+/gu, " ").trim().slice(0, 200);
  showNearest(lost.value).catch(() => {});
}
