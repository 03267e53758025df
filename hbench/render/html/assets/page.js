"use strict";
(() => {
  const $ = (query, root = document) => [...root.querySelectorAll(query)];
  const form = document.querySelector(".filters");
  const count = document.querySelector(".count");
  const keys = $("select", form).map((select) => select.name);

  // where there is little room, the choices are folded away
  if (window.innerWidth < 640) document.querySelector(".choose").open = false;

  // --- filters: rows by what they are about, columns that are about one task by that task

  const chosen = () => Object.fromEntries(keys.map((key) => [key, form.elements[key].value]));

  function fits(row, wanted) {
    return keys.every((key) => {
      const own = row.dataset[key];
      // all data belong to every size and budget
      const every = row.dataset.method === "full" && (key === "keep" || key === "budget");
      return !wanted[key] || own === undefined || every || own === wanted[key];
    });
  }

  function filter() {
    const wanted = chosen();
    for (const table of $("table")) {
      const heads = $("thead th", table);
      const out = heads.map((head) => {
        const [key, value] = (head.dataset.only || "").split(/=(.*)/s);
        return Boolean(key && wanted[key] && wanted[key] !== value);
      });
      const only = heads.some((head) => head.dataset.only);
      const empty = only && heads.every((head, i) => !head.dataset.only || out[i]);
      for (const row of table.rows) {
        [...row.cells].forEach((cell, i) => { cell.hidden = out[i]; });
      }
      for (const row of table.tBodies[0].rows) row.hidden = empty || !fits(row, wanted);
    }
    for (const section of $("section.level-3")) {
      const rows = $("tbody tr", section);
      section.hidden = rows.length > 0 && rows.every((row) => row.hidden);
    }
    const shown = $("tbody tr[id]").filter((row) => !row.hidden && !row.closest("section").hidden).length;
    count.textContent = keys.some((key) => wanted[key]) ? `${shown} rows` : "";
  }

  form.addEventListener("change", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));

  // --- sorting: largest first, then smallest, then as it was; what is not known stays last

  const value = (cell) => (cell && cell.dataset.v !== undefined ? JSON.parse(cell.dataset.v) : null);

  function compare(one, other) {
    if (typeof one === "number" && typeof other === "number") return one - other;
    return String(one).localeCompare(String(other), "en", { numeric: true });
  }

  function sort(head) {
    const table = head.closest("table");
    const body = table.tBodies[0];
    const place = head.cellIndex;
    for (const row of body.rows) row.dataset.first ??= String(row.rowIndex);
    const now = head.getAttribute("aria-sort");
    const next = { descending: "ascending", ascending: null }[now] ?? (now ? null : "descending");
    for (const other of $("thead th", table)) other.removeAttribute("aria-sort");
    const rows = [...body.rows];
    if (next === null) {
      rows.sort((a, b) => a.dataset.first - b.dataset.first);
    } else {
      head.setAttribute("aria-sort", next);
      const turn = next === "descending" ? -1 : 1;
      rows.sort((a, b) => {
        const [one, other] = [value(a.cells[place]), value(b.cells[place])];
        if (one === null || other === null) return (one === null) - (other === null);
        return turn * compare(one, other);
      });
    }
    body.append(...rows);
  }

  // --- what a number means: its column's explanation, beside what was pressed

  function beside(popover, place) {
    const box = place.getBoundingClientRect();
    const left = Math.min(box.left, window.innerWidth - popover.offsetWidth - 16);
    const under = box.bottom + 6;
    const fitsUnder = under + popover.offsetHeight < window.innerHeight;
    popover.style.left = `${Math.max(left, 16)}px`;
    popover.style.top = `${fitsUnder ? under : Math.max(box.top - popover.offsetHeight - 6, 8)}px`;
    popover.style.bottom = "auto";
  }

  const about = (head) => {
    const button = head && head.querySelector(".why");
    return button ? document.getElementById(button.getAttribute("popovertarget")).textContent : "";
  };

  const headOf = (cell) => cell.closest("table").tHead.rows[0].cells[cell.cellIndex];

  document.addEventListener("click", (event) => {
    const why = event.target.closest(".why");
    if (why) {
      const popover = document.getElementById(why.getAttribute("popovertarget"));
      requestAnimationFrame(() => { if (popover.matches(":popover-open")) beside(popover, why); });
      return;
    }
    const button = event.target.closest(".sort");
    if (button) { sort(button.closest("th")); return; }
    const cell = event.target.closest("tbody td");
    if (!cell || String(window.getSelection())) return;
    const text = about(headOf(cell));
    if (!text) return;
    const shown = document.getElementById("about-cell");
    const row = cell.parentElement.cells[0].firstChild.textContent.trim();
    const head = headOf(cell).querySelector(".sort").innerText.replace(/\s+/g, " ");
    shown.textContent = `${row}, ${head}: ${cell.innerText.replace(/\n/g, "; ")}. ${text}`;
    shown.showPopover();
    beside(shown, cell);
  });

  document.addEventListener("mouseover", (event) => {
    const cell = event.target.closest("td, thead th");
    if (!cell || cell.title) return;
    const text = about(cell.matches("td") ? headOf(cell) : cell);
    if (text) cell.title = text;
  });

  // --- links to rows open what they are folded in; print opens all

  function open() {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let at = target.closest("details"); at; at = at.parentElement.closest("details")) at.open = true;
    if (target.matches("h2") && target.nextElementSibling?.matches("details")) target.nextElementSibling.open = true;
    target.scrollIntoView();
  }
  window.addEventListener("hashchange", open);
  open();

  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = $("main details:not([open])");
    for (const details of opened) details.open = true;
  });
  window.addEventListener("afterprint", () => { for (const details of opened) details.open = false; });

  // --- colours: as the system has them, light, dark

  const themes = [["", "as the system has them"], ["light", "light"], ["dark", "dark"]];
  const theme = document.querySelector(".theme");
  let place = 0;
  theme.addEventListener("click", () => {
    place = (place + 1) % themes.length;
    const [name, words] = themes[place];
    if (name) document.documentElement.dataset.theme = name;
    else delete document.documentElement.dataset.theme;
    theme.setAttribute("aria-label", `Colours: ${words}`);
  });
})();
