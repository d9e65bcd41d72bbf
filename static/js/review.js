// The review page by keyboard, and who else reads it. Everything here can be done without it.
(() => {
  "use strict";

  // ---- who else is here -----------------------------------------------------------------------------------------
  const presence = document.querySelector("[data-presence]");
  const news = document.querySelector("[data-presence-news]");
  const EVERY_MS = 45000;

  const say = (told) => {
    const lines = [];
    for (const name of told.open) lines.push(`${name} has this page open now.`);
    for (const name of told.opened) lines.push(`${name} opened this page a few minutes ago.`);
    const before = presence.dataset.names || "";
    presence.dataset.names = lines.join(" ");
    if (before !== presence.dataset.names) {
      presence.replaceChildren(...lines.map((line) => {
        const text = document.createElement("p");
        text.textContent = line;
        return text;
      }));
    }
    if (told.decision !== presence.dataset.decision && news && !news.textContent) {
      news.classList.remove("visually-hidden");
      news.textContent = "A decision was signed while you were reading. Open the page again before you sign. ";
      const again = document.createElement("a");
      again.href = location.pathname;
      again.textContent = "Open it again";
      news.append(again);
    }
  };

  const here = async () => {
    if (document.hidden) return;
    const token = document.querySelector("input[name=csrfmiddlewaretoken]");
    try {
      const answer = await fetch(presence.dataset.url, {
        method: "POST",
        credentials: "same-origin",
        headers: { "X-CSRFToken": token ? token.value : "" },
      });
      if (answer.ok && !answer.redirected) say(await answer.json());
    } catch {
      // Offline: the page stays as it is; the server compares once more when the decision is signed.
    }
  };
  if (presence) {
    here();
    setInterval(here, EVERY_MS);
  }

  // ---- keys -----------------------------------------------------------------------------------------------------
  const findings = [...document.querySelectorAll("[data-finding]")];
  const form = document.querySelector("[data-decision-form]");
  let current = -1;

  const go = (step) => {
    if (!findings.length) return;
    current = Math.min(Math.max(current + step, 0), findings.length - 1);
    const summary = findings[current].querySelector("summary");
    summary.focus({ preventScroll: true });
    findings[current].scrollIntoView({ block: "center" });
  };
  const evidence = () => {
    const focused = findings.findIndex((one) => one.contains(document.activeElement));
    if (focused >= 0) current = focused;
    if (current < 0) return go(1);
    const details = findings[current].querySelector("details");
    details.open = !details.open;
  };
  const all = () => {
    const parts = findings.map((one) => one.querySelector("details"));
    const open = parts.some((one) => !one.open);
    for (const one of parts) one.open = open;
  };
  const focusOn = (element) => {
    if (!element) return;
    element.scrollIntoView({ block: "center" });
    element.focus({ preventScroll: true });
  };
  const choose = (place) => {
    if (!form) return;
    const radio = form.querySelectorAll("input[name=decision]")[place];
    if (radio) {
      radio.checked = true;
      radio.dispatchEvent(new Event("change", { bubbles: true }));
      focusOn(radio);
    }
  };
  const keys = {
    j: () => go(1),
    k: () => go(-1),
    e: evidence,
    a: all,
    d: () => form && focusOn(form.querySelector("input[name=decision]")),
    s: () => form && focusOn(form.querySelector("input[name=password]") || form.querySelector("button[name=then]")),
    q: () => { location.href = document.querySelector(".back-link, [data-back]")?.href || "/review/"; },
    "?": () => {
      const list = document.querySelector("[data-keys]");
      list.open = true;
      focusOn(list.querySelector("summary"));
    },
    1: () => choose(0), 2: () => choose(1), 3: () => choose(2), 4: () => choose(3),
  };
  const typing = (target) => target instanceof Element
    && (target.matches("textarea, select, input:not([type=radio]):not([type=checkbox])") || target.isContentEditable);

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || typing(event.target)) return;
    const act = keys[event.key] || keys[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  });
})();
