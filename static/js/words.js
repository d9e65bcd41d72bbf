// A manager words a message: what a patient gets is drawn anew by the server while they write. Nothing is saved by it.
// Without this file the button "Look at them" does the same.
(() => {
  "use strict";

  const WAIT_MS = 600;
  const form = document.querySelector("form[data-words]");
  if (!form) return;

  let timer = 0;
  let asked = 0;
  const look = async () => {
    const mine = ++asked;
    const told = new FormData(form);
    told.set("look", "yes");
    let answer;
    try {
      answer = await fetch(location.href, { method: "POST", body: told, credentials: "same-origin" });
    } catch {
      return;
    }
    if (!answer.ok || mine !== asked) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.querySelector("[data-preview]");
    if (found && mine === asked) document.querySelector("[data-preview]").replaceWith(found);
  };
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, WAIT_MS);
  });
})();
