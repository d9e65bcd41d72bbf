// The safety board, kept honest while it stands open: running clocks, and a word when something changed.
// It never reloads by itself, and asking for the mark does not keep a session alive.
(() => {
  "use strict";

  const EVERY_MS = 15000;
  const board = document.querySelector("[data-board]");
  if (!board) return;
  const news = board.querySelector("[data-board-news]");
  const say = (text) => {
    if (news.textContent !== text) news.textContent = text;
  };

  const ask = async () => {
    try {
      const answer = await fetch(board.dataset.pulseUrl, { credentials: "same-origin", cache: "no-store" });
      if (answer.redirected || !answer.ok) {
        say("This page is no longer watching: sign in again, then open the board.");
        return;
      }
      const mark = (await answer.text()).trim();
      say(mark === board.dataset.pulse ? "" : "The list has changed. Press Refresh.");
    } catch {
      say("This page cannot reach the clinic's server. It may be out of date.");
    }
  };

  const words = (minutes) => {
    if (minutes < 1) return "less than a minute ago";
    if (minutes < 60) return `${minutes} minute${minutes === 1 ? "" : "s"} ago`;
    const hours = Math.floor(minutes / 60);
    return `${hours} hour${hours === 1 ? "" : "s"} and ${minutes % 60} min ago`;
  };
  const tick = () => {
    for (const clock of document.querySelectorAll("[data-since]")) {
      clock.textContent = words(Math.max(0, Math.floor((Date.now() - Date.parse(clock.dateTime)) / 60000)));
    }
  };

  tick();
  setInterval(tick, EVERY_MS);
  setInterval(ask, EVERY_MS);
})();
