// Loaded in <head> and blocking, so that no page is ever painted in the wrong theme or density.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const read = (key, fallback) => {
    try {
      return localStorage.getItem(key) || fallback;
    } catch {
      return fallback; // storage can be switched off
    }
  };
  const write = (key, value) => {
    try {
      localStorage.setItem(key, value);
    } catch {
      // the choice then lasts until the page is left
    }
  };
  const apply = (theme, density) => {
    const shown = theme === "auto" ? (dark.matches ? "dark" : "light") : theme;
    root.dataset.bsTheme = shown;
    root.dataset.density = density;
  };

  let theme = read("vardesk.theme", "auto");
  let density = read("vardesk.density", "normal");
  root.classList.add("js");
  apply(theme, density);
  dark.addEventListener("change", () => apply(theme, density));

  document.addEventListener("DOMContentLoaded", () => {
    for (const input of document.querySelectorAll("input[name=theme], input[name=density]")) {
      input.checked = input.value === (input.name === "theme" ? theme : density);
    }
  });
  document.addEventListener("change", ({ target }) => {
    if (target.name === "theme" && target.closest("[data-look]")) write("vardesk.theme", (theme = target.value));
    else if (target.name === "density" && target.closest("[data-look]")) write("vardesk.density", (density = target.value));
    else return;
    apply(theme, density);
  });
})();
