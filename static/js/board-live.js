// The front desk's board, kept up to date while it stands open: one short question for its version, the rows anew
// only when something changed. Neither keeps the session alive. Without this file the page is as it was when opened.
(() => {
  "use strict";

  const POLL_MS = 3000;
  const RENEW_MS = 60000; // the present, and what a clinician decided elsewhere, are not in the version
  const head = document.querySelector("[data-desk-board]");
  const place = document.querySelector("[data-board-live]");
  const news = document.querySelector("[data-board-news]");
  if (!head || !place) return;

  let over = false;
  let busy = false;
  let renewedAt = Date.now();
  const part = () => place.querySelector("[data-board-part]");
  const say = (words) => {
    if (news.textContent !== words) news.textContent = words;
  };
  const held = () => document.querySelector("[data-board-dialog][open], .ec-dragging, .ec-ghost") !== null;

  // The session has ended: nobody who passes by should read the names.
  const end = () => {
    over = true;
    place.replaceChildren();
    document.dispatchEvent(new CustomEvent("board:ended"));
    const link = document.createElement("a");
    link.href = `${head.dataset.signIn}?next=${encodeURIComponent(location.pathname + location.search)}`;
    link.textContent = "Sign in again";
    news.replaceChildren("You were signed out because nothing was pressed for a while. ", link);
  };

  const answered = (answer) => {
    if (!answer.redirected && answer.ok) return true;
    if (answer.redirected || answer.status === 403) end();
    else say("The clinic's server does not answer well. This page may be out of date.");
    return false;
  };

  // Where the keyboard was: the same link once more, or the table.
  const keepFocus = (change) => {
    const active = document.activeElement;
    const inside = active && place.contains(active);
    const key = inside ? active.getAttribute("href") : null;
    const wrap = place.querySelector("[data-board-table]");
    const scroll = wrap ? wrap.scrollLeft : 0;
    change();
    const table = place.querySelector("[data-board-table]");
    if (table) table.scrollLeft = scroll;
    if (!inside) return;
    const same = key ? [...place.querySelectorAll("a[href]")].find((one) => one.getAttribute("href") === key) : null;
    (same || table || place).focus({ preventScroll: true });
  };

  const renew = async () => {
    const marks = new Set([...place.querySelectorAll("[data-mark]")].map((one) => one.dataset.mark));
    const body = new URLSearchParams({ seen: [...marks].join(",") });
    const token = document.querySelector("input[name=csrfmiddlewaretoken]");
    const answer = await fetch(head.dataset.liveUrl, {
      method: "POST",
      body,
      headers: { "X-CSRFToken": token ? token.value : "" },
      credentials: "same-origin",
      cache: "no-store",
    });
    if (!answered(answer)) return;
    const found = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-board-part]");
    if (!found || held()) return;
    keepFocus(() => part().replaceWith(document.adoptNode(found)));
    renewedAt = Date.now();
    document.dispatchEvent(new CustomEvent("board:renewed"));
  };

  const look = async ({ now = false } = {}) => {
    if (over || busy || document.hidden || held()) return;
    busy = true;
    try {
      let due = now || Date.now() - renewedAt > RENEW_MS;
      if (!due) {
        const answer = await fetch(head.dataset.pulseUrl, { credentials: "same-origin", cache: "no-store" });
        if (!answered(answer)) return;
        due = (await answer.text()).trim() !== part().dataset.version;
      }
      if (due) await renew();
      if (news.dataset.lost) {
        delete news.dataset.lost;
        say("");
      }
    } catch {
      news.dataset.lost = "yes";
      say("This page cannot reach the clinic's server. It may be out of date.");
    } finally {
      busy = false;
    }
  };

  document.addEventListener("visibilitychange", () => look());
  document.addEventListener("board:look", () => look({ now: true }));
  setInterval(look, POLL_MS);
})();
