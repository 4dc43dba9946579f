// Uploads: drop files anywhere or choose them; one goes after the other, with progress and a Cancel.
// Without it the plain form of the drop zone uploads one file.
(() => {
  const tray = document.getElementById("upload-tray");
  if (!tray) return; // nobody is logged in
  const rows = tray.querySelector("ul");
  const status = tray.querySelector("[role=status]");
  const waiting = [];
  let current = null;

  const size = (bytes) => {
    for (const unit of ["B", "KB", "MB"]) {
      if (bytes < 1000) return `${bytes < 10 && unit !== "B" ? bytes.toFixed(1) : Math.round(bytes)} ${unit}`;
      bytes /= 1000;
    }
    return `${bytes.toFixed(1)} GB`;
  };

  const token = () =>
    document.querySelector("input[name=csrfmiddlewaretoken]")?.value ||
    document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ||
    "";

  function row(file) {
    const item = tray.querySelector("template").content.firstElementChild.cloneNode(true);
    item.querySelector("[data-name]").textContent = file.name;
    rows.append(item);
    tray.hidden = false;
    return item;
  }

  function upload(file) {
    const job = { file, item: row(file), xhr: null };
    job.say = (text) => (job.item.querySelector("[data-said]").textContent = text);
    job.end = (state, text) => {
      job.item.dataset.state = state;
      job.say(text);
      status.textContent = `${file.name}: ${text}`;
      if (current === job) {
        current = null;
        next();
      }
    };
    job.item.querySelector("[data-cancel]").addEventListener("click", () => {
      if (job.item.dataset.state) return dismiss(job.item);
      const index = waiting.indexOf(job);
      if (index !== -1) waiting.splice(index, 1);
      job.xhr?.abort();
      if (!job.xhr) job.end("failed", "Cancelled");
    });
    job.say(`${size(file.size)}, waiting`);
    waiting.push(job);
    next();
  }

  function dismiss(item) {
    item.remove();
    tray.hidden = !rows.children.length;
  }

  function next() {
    if (current || !waiting.length) return;
    current = waiting.shift();
    send(current);
  }

  function send(job) {
    const { file } = job;
    const bar = job.item.querySelector("progress");
    const xhr = (job.xhr = new XMLHttpRequest());
    const started = performance.now();
    xhr.open("POST", tray.dataset.url);
    xhr.setRequestHeader("X-CSRFToken", token());
    xhr.setRequestHeader("Accept", "application/json");
    xhr.upload.addEventListener("progress", ({ loaded, total }) => {
      bar.value = loaded / total;
      if (loaded === total) return job.say("Storing");
      const rate = loaded / Math.max((performance.now() - started) / 1000, 0.1);
      const percent = Math.floor((loaded / total) * 100);
      job.say(`${percent} % of ${size(file.size)}, ${size(rate)}/s`);
    });
    xhr.addEventListener("abort", () => job.end("failed", "Cancelled"));
    xhr.addEventListener("error", () => job.end("failed", "The connection broke. Nothing was stored; try again."));
    xhr.addEventListener("load", () => (xhr.status === 201 ? stored(job, xhr) : refused(job, xhr)));
    const body = new FormData();
    body.append("file", file);
    xhr.send(body);
  }

  function stored(job, xhr) {
    const made = JSON.parse(xhr.responseText);
    const link = document.createElement("a");
    link.href = `${tray.dataset.files}${made.id}/`;
    link.textContent = job.file.name;
    job.item.querySelector("[data-name]").replaceChildren(link);
    job.end("done", "Stored. Open it to look through it.");
    document.body.dispatchEvent(new CustomEvent("vardesk:uploaded"));
  }

  function refused(job, xhr) {
    let detail = "";
    try {
      const problem = JSON.parse(xhr.responseText);
      const fields = Object.values(problem.errors || {}).flat().join(" ");
      detail = [problem.detail, fields].filter(Boolean).join(" ");
    } catch {
      // not JSON: a proxy answered
    }
    const known = {
      401: "You are logged out. Log in and try again.",
      403: "You may not upload files here, or your session ended. Log in again and try once more.",
      413: "The file is larger than this server takes.",
      503: "The server is busy with other uploads. Try again in a moment.",
    };
    job.end("failed", detail || known[xhr.status] || `The server answered ${xhr.status}. Nothing was stored.`);
  }

  function take(transfer) {
    for (const item of transfer.items) {
      if (item.kind !== "file") continue;
      const file = item.getAsFile();
      if (!item.webkitGetAsEntry?.()?.isDirectory) upload(file);
      else {
        const refusedRow = row(file);
        refusedRow.dataset.state = "failed";
        refusedRow.querySelector("[data-said]").textContent = "A folder cannot be uploaded. Open it and drop its files.";
        refusedRow.querySelector("[data-cancel]").addEventListener("click", () => dismiss(refusedRow));
      }
    }
  }

  // Choosing in the drop zone's form.
  document.addEventListener("change", ({ target }) => {
    if (!target.matches("form[data-upload] input[type=file]")) return;
    for (const file of target.files) upload(file);
    target.form.reset();
  });

  // Dropping anywhere on the page.
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  let depth = 0;
  const over = (on) => document.documentElement.classList.toggle("is-dropping", on);
  addEventListener("dragenter", (event) => {
    if (!carriesFiles(event)) return;
    depth += 1;
    over(true);
  });
  addEventListener("dragleave", (event) => {
    if (carriesFiles(event) && --depth <= 0) over(Boolean((depth = 0)));
  });
  addEventListener("dragover", (event) => {
    if (carriesFiles(event)) event.preventDefault();
  });
  addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    depth = 0;
    over(false);
    take(event.dataTransfer);
  });

  // Leaving the page would break an upload off.
  addEventListener("beforeunload", (event) => {
    if (current || waiting.length) event.preventDefault();
  });
})();
