// Progressive enhancement only: every page works with this file missing. No framework, no state, nothing stored.
(() => {
  "use strict";

  const summary = document.querySelector("[data-error-summary]");
  if (summary) summary.focus();

  const TOKEN_MS = 4000;
  // A form reached by the back button may carry a token from before a new log-in: ask for the one in force.
  const freshenTokens = async () => {
    const fields = document.querySelectorAll("input[name=csrfmiddlewaretoken]");
    const address = document.documentElement.dataset.tokenUrl;
    if (!fields.length || !address) return;
    try {
      const signal = AbortSignal.timeout(TOKEN_MS);
      const answer = await fetch(address, { credentials: "same-origin", cache: "no-store", signal });
      if (!answer.ok) return;
      const token = (await answer.text()).trim();
      for (const field of fields) field.value = token;
    } catch {
      // Offline: the form stays as it is, and the server answers kindly.
    }
  };

  // A second press within a few seconds is not sent. The server's request id is what really keeps it single.
  const PAUSE_MS = 8000;
  const release = (form) => {
    delete form.dataset.sending;
    for (const button of form.querySelectorAll("[type=submit][aria-disabled]")) button.removeAttribute("aria-disabled");
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sending) {
      event.preventDefault();
      return;
    }
    form.dataset.sending = "yes";
    if (event.submitter) event.submitter.setAttribute("aria-disabled", "true");
    setTimeout(release, PAUSE_MS, form);
    // What was kept over a log-in in another tab goes with the token in force now: one press, not two.
    if ("kept" in form.dataset) {
      event.preventDefault();
      freshenTokens().then(() => form.submit());
    }
  });
  // The back button may show the page as it was left, still marked as sending.
  window.addEventListener("pageshow", (event) => {
    document.querySelectorAll("form[data-sending]").forEach(release);
    const [visit] = performance.getEntriesByType("navigation");
    if (event.persisted || (visit && visit.type === "back_forward")) freshenTokens();
  });

  // Shown as cards on a phone, a table loses its meaning for some screen readers; roles give it back.
  for (const table of document.querySelectorAll("table.table-cards")) {
    const give = (selector, role) => table.querySelectorAll(selector).forEach((cell) => cell.setAttribute("role", role));
    table.setAttribute("role", "table");
    give("thead, tbody", "rowgroup");
    give("tr", "row");
    give("td", "cell");
    give("thead th", "columnheader");
    give("tbody th", "rowheader");
  }

  // "Saved at 9:42 pm": any page part sent by htmx, or any script, may say it.
  document.addEventListener("pm:saved", (event) => {
    const region = document.querySelector("[data-saved]");
    if (region) region.textContent = event.detail.text;
  });

  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
})();
