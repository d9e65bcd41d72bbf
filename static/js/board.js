// The safety board, kept honest while it stands open: running clocks, and it rings when a new alert comes.
// It never reloads by itself, and asking for the mark does not keep a session alive. Sound needs a press first
// (browsers ask for it); the banner and the title need nothing. Neither ever names a patient.
(() => {
  "use strict";

  const EVERY_MS = 10000;
  const RINGS = [880, 660, 880, 660];
  const board = document.querySelector("[data-board]");
  if (!board) return;
  const news = board.querySelector("[data-board-news]");
  const banner = document.querySelector("[data-board-banner]");
  const bell = document.querySelector("[data-board-bell]");
  const title = document.title;
  const known = { mark: board.dataset.pulse, waiting: Number(board.dataset.waiting), newest: Number(board.dataset.newest) };
  let sound = null;

  const say = (text) => {
    if (news.textContent !== text) news.textContent = text;
  };

  const ring = () => {
    if (!sound || sound.state !== "running") return;
    RINGS.forEach((pitch, place) => {
      const at = sound.currentTime + place * 0.22;
      const tone = sound.createOscillator();
      const volume = sound.createGain();
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0.0001, at);
      volume.gain.exponentialRampToValueAtTime(0.4, at + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.2);
      tone.connect(volume).connect(sound.destination);
      tone.start(at);
      tone.stop(at + 0.21);
    });
  };

  const setBell = () => {
    const on = sound !== null && sound.state === "running";
    bell.textContent = on ? "The bell is on" : "Turn the bell on";
    bell.setAttribute("aria-pressed", String(on));
  };
  const turnOn = async () => {
    if (!window.AudioContext) return;
    sound = sound || new AudioContext();
    try {
      await sound.resume();
    } catch {
      // No sound on this device: the banner and the title remain.
    }
    setBell();
  };
  if (bell && window.AudioContext) {
    bell.hidden = false;
    setBell();
    bell.addEventListener("click", async () => {
      if (sound && sound.state === "running") {
        await sound.suspend();
        setBell();
      } else {
        await turnOn();
        ring();
      }
    });
  }

  const attend = (waiting, newest) => {
    const fresh = newest > known.newest;
    banner.hidden = !fresh;
    document.title = fresh ? `(!) New alert - ${title}` : waiting ? `(${waiting}) ${title}` : title;
    if (fresh) ring(); // again each time it asks, until somebody shows the list
  };

  const ask = async () => {
    try {
      const answer = await fetch(board.dataset.pulseUrl, { credentials: "same-origin", cache: "no-store" });
      if (answer.redirected || !answer.ok) {
        say("This page is no longer watching: sign in again, then open the board.");
        document.title = `(not watching) ${title}`;
        return;
      }
      const [mark, waiting, newest] = (await answer.text()).trim().split(" ");
      say(mark === known.mark ? "" : "The list has changed. Press Refresh.");
      attend(Number(waiting), Number(newest));
    } catch {
      say("This page cannot reach the clinic's server. It may be out of date.");
      document.title = `(not watching) ${title}`;
    }
  };

  const words = (minutes) => {
    if (minutes < 1) return "less than a minute ago";
    if (minutes < 60) return `${minutes} minute${minutes === 1 ? "" : "s"} ago`;
    const hours = Math.floor(minutes / 60);
    return `${hours} hour${hours === 1 ? "" : "s"} and ${minutes % 60} min ago`;
  };
  // The server's clock counts: a device that is minutes off would show another time than the board means.
  const skew = Date.parse(board.dataset.now) - Date.now();
  const since = (text) => Math.floor((Date.now() + skew - Date.parse(text)) / 60000);
  const tick = () => {
    for (const clock of document.querySelectorAll("[data-since]")) {
      clock.textContent = words(Math.max(0, since(clock.dateTime)));
    }
    for (const clock of document.querySelectorAll("[data-until]")) {
      const left = -since(clock.dateTime);
      clock.textContent = left > 0 ? `${left} minute${left === 1 ? "" : "s"} left` : `late by ${1 - left} minute${left === 0 ? "" : "s"}`;
    }
  };

  tick();
  if (known.waiting) document.title = `(${known.waiting}) ${title}`;
  setInterval(tick, EVERY_MS);
  setInterval(ask, EVERY_MS);
})();
