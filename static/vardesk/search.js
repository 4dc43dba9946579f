// The search box: an ARIA combobox that offers genes while one types. Without it the form still searches.
(() => {
  const DELAY_MS = 80;
  const LIMIT = 8;

  const el = (tag, className, text) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  };

  function combobox(form) {
    const input = form.querySelector("[role=combobox]");
    const list = form.querySelector("[role=listbox]");
    const status = form.querySelector("[role=status]");
    const id = (list.id = input.id + "-list");
    let results = [];
    let active = -1;
    let timer = 0;
    let request = null;

    const say = (text) => (status.textContent = text);

    function close() {
      clearTimeout(timer);
      request?.abort();
      results = [];
      active = -1;
      list.hidden = true;
      list.replaceChildren();
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    }

    function activate(index) {
      list.children[active]?.setAttribute("aria-selected", "false");
      active = index;
      const option = list.children[active];
      if (!option) return input.removeAttribute("aria-activedescendant");
      option.setAttribute("aria-selected", "true");
      option.scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", option.id);
    }

    function choose(index) {
      const url = form.action + "?gene=" + encodeURIComponent(results[index].symbol);
      input.value = results[index].symbol;
      close();
      location.assign(url);
    }

    function option(gene, index) {
      const item = el("li");
      item.id = `${id}-${index}`;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      const symbol = el("span", "opt-symbol");
      if (gene.kind !== "symbol") symbol.append(el("span", "opt-match", `${gene.match} → `));
      symbol.append(gene.symbol);
      const variants = gene.variant_count === 1 ? "1 variant" : `${gene.variant_count.toLocaleString("en")} variants`;
      item.append(symbol, el("span", "opt-name", gene.name || ""), el("span", "opt-count", gene.variant_count ? variants : "no variants"));
      return item;
    }

    function show(found) {
      const chosen = results[active]?.symbol;
      results = found;
      active = -1;
      input.removeAttribute("aria-activedescendant");
      if (!found.length) {
        close();
        say("No genes suggested");
        return;
      }
      list.replaceChildren(...found.map(option));
      list.hidden = false;
      input.setAttribute("aria-expanded", "true");
      say(found.length === 1 ? "1 gene suggested" : `${found.length} genes suggested`);
      // An answer that comes after an arrow key must not take the choice back: Enter would search for the text.
      if (chosen) activate(found.findIndex((gene) => gene.symbol === chosen));
    }

    async function ask() {
      const text = input.value.trim();
      request?.abort();
      if (!text) return close();
      const mine = (request = new AbortController());
      try {
        const url = `${form.dataset.suggest}?q=${encodeURIComponent(text)}&limit=${LIMIT}`;
        const answer = await fetch(url, { signal: mine.signal, headers: { Accept: "application/json" } });
        if (!answer.ok) return close();
        const { results: found } = await answer.json();
        if (mine === request && !mine.signal.aborted && document.activeElement === input) show(found);
      } catch (error) {
        if (error.name !== "AbortError") close(); // no suggestions is no harm: the search itself still works
      }
    }

    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(ask, DELAY_MS);
    });

    input.addEventListener("keydown", (event) => {
      const open = !list.hidden;
      const last = results.length - 1;
      if (event.isComposing) return;
      if (event.key === "ArrowDown" && !open && input.value.trim()) ask();
      else if (event.key === "ArrowDown" && open) activate(active === last ? -1 : active + 1);
      else if (event.key === "ArrowUp" && open) activate(active === -1 ? last : active - 1);
      else if (event.key === "Home" && active !== -1) activate(0);
      else if (event.key === "End" && active !== -1) activate(last);
      else if (event.key === "Enter" && active !== -1) choose(active);
      else if (event.key === "Escape" && open) close();
      else if (event.key === "Escape" && !input.value) input.blur();
      else {
        if (event.key === "Tab" || event.key === "Enter") close();
        else if (event.key.startsWith("Arrow") && active !== -1) activate(-1);
        return;
      }
      event.preventDefault();
    });

    // Keep the focus in the box, so that a press on an option does not close the list before the click.
    list.addEventListener("mousedown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      const item = event.target.closest("[role=option]");
      if (item) choose([...list.children].indexOf(item));
    });
    list.addEventListener("mousemove", (event) => {
      const index = [...list.children].indexOf(event.target.closest("[role=option]"));
      if (index !== -1 && index !== active) activate(index);
    });
    input.addEventListener("blur", close);
    // An empty box searches for nothing: stay.
    form.addEventListener("submit", (event) => {
      close();
      if (!input.value.trim()) {
        event.preventDefault();
        input.focus();
      }
    });
  }

  for (const form of document.querySelectorAll("form[data-suggest]")) combobox(form);

  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const input = document.querySelector("form[data-suggest] [role=combobox]");
    if (!input) return;
    event.preventDefault();
    input.focus();
    input.select();
  });
})();
