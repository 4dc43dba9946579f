// Tables: rows that open, cells that unfold, arrow keys, copy buttons. Listens on the document, so that
// parts swapped in by htmx work as well.
(() => {
  const openCell = (cell) => cell.classList.toggle("is-open");
  const isCut = (node) => node.scrollWidth > node.clientWidth;

  // A row of a result table opens on click; text can still be selected in it.
  document.addEventListener("click", (event) => {
    const row = event.target.closest("table[data-rows] tr[data-href]");
    if (!row || event.target.closest("a, button") || String(getSelection())) return;
    if (event.ctrlKey || event.metaKey) window.open(row.dataset.href, "_blank", "noopener");
    else location.assign(row.dataset.href);
  });

  // A cell of a file table unfolds on click.
  document.addEventListener("click", (event) => {
    const cell = event.target.closest("table[data-cells] td");
    if (!cell || String(getSelection())) return;
    focusCell(cell);
    if (cell.classList.contains("is-open") || isCut(cell)) openCell(cell);
  });

  function focusCell(cell) {
    const table = cell.closest("table");
    table.querySelector("[tabindex='0']")?.setAttribute("tabindex", "-1");
    cell.tabIndex = 0;
    cell.focus({ preventScroll: true });
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  // One tab stop a table: its first cell, then whichever the arrows reached.
  function prepare(root) {
    for (const table of root.querySelectorAll("table[data-cells]")) {
      const first = table.querySelector(".is-here td") || table.querySelector("tbody td");
      if (first && !table.querySelector("[tabindex='0']")) first.tabIndex = 0;
    }
    if (location.hash) return; // the browser goes to the line by itself
    for (const pane of root.querySelectorAll("[data-pane]")) {
      const here = pane.querySelector(".is-here");
      if (here) pane.scrollTop = here.offsetTop - pane.clientHeight / 3;
    }
  }

  function moveCell(cell, key) {
    const row = cell.parentElement;
    const index = cell.cellIndex;
    if (key === "ArrowLeft") return cell.previousElementSibling?.matches("td") ? cell.previousElementSibling : null;
    if (key === "ArrowRight") return cell.nextElementSibling;
    if (key === "Home") return row.cells[1];
    if (key === "End") return row.cells[row.cells.length - 1];
    if (key === "ArrowUp") return row.previousElementSibling?.cells[index];
    if (key === "ArrowDown") return row.nextElementSibling?.cells[index];
    return null;
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const cell = event.target.closest?.("table[data-cells] td");
    if (cell) {
      if (event.key === "Enter") openCell(cell);
      else {
        const to = moveCell(cell, event.key);
        if (!to) return;
        focusCell(to);
      }
      event.preventDefault();
      return;
    }
    const row = event.target.closest?.("table[data-rows] tr[data-href]");
    if (!row || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
    const to = event.key === "ArrowDown" ? row.nextElementSibling : row.previousElementSibling;
    if (!to) return;
    event.preventDefault();
    to.querySelector("a").focus();
  });

  // What is cut shows in full when one points at it.
  document.addEventListener("mouseover", (event) => {
    const cell = event.target.closest?.("table td, table th");
    if (!cell || cell.title || !isCut(cell)) return;
    cell.title = cell.innerText;
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      copyOldWay(button.dataset.copy); // the clipboard API needs HTTPS or localhost
    }
    button.dataset.copied = "true";
    button.setAttribute("aria-label", "Copied");
    setTimeout(() => {
      delete button.dataset.copied;
      button.setAttribute("aria-label", button.title || "Copy");
    }, 1500);
  });

  function copyOldWay(text) {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }

  prepare(document);
  document.addEventListener("htmx:afterSwap", () => prepare(document));
})();
