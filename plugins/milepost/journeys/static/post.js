// How this page is read: a panel that exists only in `milepost serve`, and asks the archive when it is opened.
(() => {
  const id = document.querySelector('meta[name="touchpoint:id"]')?.content;
  if (!id) return;
  // Styles are set by script because the page's policy refuses inline ones.
  const make = (name, text = "", style = {}) => {
    const made = Object.assign(document.createElement(name), { textContent: text });
    Object.assign(made.style, style);
    return made;
  };
  const per = (share) => `${Math.round(share * 100)} %`;
  const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.round(seconds) % 60).padStart(2, "0")}`;
  const font = "13px/1.5 system-ui, sans-serif";
  const box = { background: "Canvas", color: "CanvasText", border: "1px solid GrayText", borderRadius: "6px", font };
  const place = { position: "fixed", insetBlockEnd: "12px", insetInlineEnd: "12px", zIndex: 5, textAlign: "end" };
  const frame = make("div", "", place);
  frame.dataset.readers = "";
  const panel = make("section", "", {
    ...box, padding: "12px 16px", marginBlockEnd: "8px", inlineSize: "min(360px, calc(100vw - 24px))",
    maxBlockSize: "70vh", overflow: "auto", boxSizing: "border-box", textAlign: "start",
  });
  panel.id = "milepost-readers";
  panel.setAttribute("aria-label", "How this page is read");
  panel.tabIndex = 0;
  panel.hidden = true;
  const button = make("button", "Readers", { ...box, padding: "4px 10px", cursor: "pointer", minBlockSize: "28px" });
  button.type = "button";
  button.setAttribute("aria-expanded", "false");
  button.setAttribute("aria-controls", panel.id);

  const heading = (text) => make("h2", text, { font, fontWeight: "600", margin: "12px 0 4px" });
  const line = (text) => make("p", text, { font, margin: "0" });
  const table = (caption, names, rows) => {
    const made = make("table", "", { font, display: "table", inlineSize: "100%", borderCollapse: "collapse", margin: "0" });
    made.append(make("caption", caption, { font, fontWeight: "600", textAlign: "start", padding: "12px 0 4px" }));
    const row = (cells, kind) => {
      const tr = make("tr");
      tr.append(...cells.map((cell, number) => {
        const td = make(kind, "", {
          font, textAlign: number ? "end" : "start", padding: "1px 0 1px 8px", border: "0", fontVariantNumeric: "tabular-nums",
          fontWeight: "400", overflowWrap: "anywhere", background: "none",
        });
        if (kind === "th") td.scope = "col";
        if (!number) td.style.paddingInlineStart = "0";
        td.append(cell);
        return td;
      }));
      return tr;
    };
    made.append(row(names, "th"), ...rows.map((cells) => row(cells, "td")));
    return made;
  };
  const way = ({ title, url, times, share }) => {
    if (!url) return [title, `${times}`, per(share)];
    return [Object.assign(make("a", title, { color: "LinkText" }), { href: url }), `${times}`, per(share)];
  };
  const show = (told) => {
    const whole = told.tiers.at(-1);
    panel.replaceChildren(make("h2", "How this page is read", { font, fontWeight: "600", margin: "0" }));
    if (told.note) panel.append(line(told.note));
    if (!whole.views) return panel.append(line("Nobody has read it, as far as is archived."));
    const number = (count) => count.toLocaleString("en");
    panel.append(
      table("By tier of consent", ["tier", "views", "visits", "people", "time a view"], told.tiers.map((row) => [
        row.tier, number(row.views), number(row.visits), number(row.people),
        row.views ? clock(row.engaged_seconds / row.views) : "–",
      ])),
      told.told
        ? table("Where they stop", ["down to", "of readers"], told.depths.map((row) => [`${row.per_cent} %`, per(row.share)]))
        : heading("Where they stop"),
      told.told ? "" : line("Not known: no browser told how far down its reader came."),
      table("Where they go", ["page", "times", "share"], told.after.map(way)),
      table("Where they come from", ["page", "times", "share"], told.before.map(way)),
    );
  };
  const load = async () => {
    panel.replaceChildren(line("Asking the archive …"));
    try {
      const answer = await fetch(`/journeys/post?touchpoint=${encodeURIComponent(id)}`);
      const told = await answer.json();
      if (answer.ok) show(told);
      else panel.replaceChildren(line(told.error));
    } catch {
      panel.replaceChildren(line("The preview does not answer."));
    }
  };
  const open = (is) => {
    panel.hidden = !is;
    button.setAttribute("aria-expanded", String(is));
    if (is) load();
  };
  button.addEventListener("click", () => open(panel.hidden));
  frame.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape" || panel.hidden) return;
    open(false);
    button.focus();
  });
  frame.append(panel, button);
  document.body.append(frame);
})();
