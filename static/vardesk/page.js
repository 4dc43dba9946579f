// What every page has: menus that close, a part that asks for the whole page, a lost server.
(() => {
  // A <details class="menu"> closes on a click elsewhere, on Escape, and when another opens.
  const closeMenus = (but) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== but) menu.open = false;
  };
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-close-menu]")) closeMenus(null);
    else closeMenus(event.target.closest("details.menu"));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = document.querySelector("details.menu[open]");
    if (!open) return;
    open.open = false;
    open.querySelector("summary").focus();
  });

  // A polled part says with [data-reload] that the rest of the page has changed too. One that no longer
  // polls is over: the count in the top bar has changed.
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    if (document.querySelector("[data-reload]")) location.reload();
    const part = document.getElementById(detail.elt.id);
    if (["job", "jobs", "files"].includes(part?.id) && !part.getAttribute("hx-trigger")?.includes("every")) {
      document.body.dispatchEvent(new CustomEvent("vardesk:work"));
    }
  });

  // What somebody is answering is not taken away from under them: the poll is left out.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const { elt } = event.detail;
    if (elt.getAttribute("hx-trigger")?.includes("every") && elt.querySelector("details.menu[open]")) event.preventDefault();
  });

  // A session that ended in mid-poll answers with the login page: ask for the whole page instead.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, pathInfo } = event.detail;
    const arrived = new URL(xhr.responseURL || location.href).pathname;
    if (arrived === new URL(pathInfo.finalRequestPath, location.href).pathname) return;
    event.detail.shouldSwap = false;
    location.reload();
  });

  const lost = document.getElementById("lost");
  const show = (on) => lost && (lost.hidden = !on);
  document.addEventListener("htmx:sendError", () => show(true));
  document.addEventListener("htmx:responseError", ({ detail }) => show(detail.xhr.status >= 500));
  document.addEventListener("htmx:afterOnLoad", ({ detail }) => detail.successful && show(false));
})();
