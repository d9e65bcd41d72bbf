// Saves a part of the intake while it is typed. With this file missing its buttons save it. Nothing is kept in the browser.
(() => {
  "use strict";

  const form = document.querySelector("form[data-autosave]");
  if (!form) return;
  const TYPING_MS = 1500;
  const CHOICE_MS = 200;
  const LONGEST_MS = 15000;
  const AGAIN_MS = [3000, 8000, 20000, 60000];
  const SAVED = 200;
  const SIGNED_OUT = 401;
  const OLD_TOKEN = 403;
  const REFUSED = 409;

  const trouble = document.querySelector("[data-trouble]");
  const differs = new Map(); // field of a question that another window answered otherwise: what stands there
  let timer = 0;
  let sending = null;
  let waiting = false; // something was typed that was not sent yet
  let failures = 0;
  let over = false; // sent, or another person's: this page saves nothing more by itself

  const show = (when) => {
    if (trouble.dataset.shown === when) return;
    trouble.dataset.shown = when;
    const words = document.querySelector(`template[data-when="${when}"]`);
    trouble.replaceChildren(...(words ? [words.content.cloneNode(true)] : []));
  };

  const later = (milliseconds) => {
    clearTimeout(timer);
    timer = setTimeout(() => save(false), milliseconds);
  };

  const seen = () => {
    try {
      return JSON.parse(form.elements.seen.value) || {};
    } catch {
      return {};
    }
  };

  // All cells of a row belong together; so do a question and its "prefer not to answer".
  const groupOf = (name) => (name.startsWith("row-") ? name.split("-").slice(0, 2).join("-") : name.replace(/-declined$/, ""));

  // Whoever touches a question after reading what the other window says has chosen: this one holds.
  const choose = (name) => {
    const other = differs.get(groupOf(name));
    if (!other) return;
    form.elements.seen.value = JSON.stringify({ ...seen(), [other.item]: other.value });
    differs.delete(groupOf(name));
    other.words.remove();
  };

  const tell = (elsewhere) => {
    for (const one of elsewhere) {
      const place = document.getElementById(`div_id_${one.field}`);
      if (!place || differs.has(groupOf(one.field))) continue;
      const words = document.createElement("p");
      words.className = "field-error";
      words.setAttribute("role", "alert");
      place.prepend(words);
      words.textContent = one.say;
      differs.set(groupOf(one.field), { ...one, words });
    }
  };

  const freshToken = async () => {
    const address = document.documentElement.dataset.tokenUrl;
    const answer = await fetch(address, { credentials: "same-origin", cache: "no-store" });
    if (answer.ok) form.elements.csrfmiddlewaretoken.value = (await answer.text()).trim();
  };

  const post = (leaving) => {
    form.elements.step.value = Number(form.elements.step.value) + 1;
    sending = new AbortController();
    const signal = AbortSignal.any ? AbortSignal.any([sending.signal, AbortSignal.timeout(LONGEST_MS)]) : sending.signal;
    return fetch(form.dataset.autosave, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      credentials: "same-origin",
      redirect: "manual",
      keepalive: leaving,
      signal: leaving ? undefined : signal,
    });
  };

  const take = (answer) => {
    failures = 0;
    show("");
    form.elements.seen.value = JSON.stringify(answer.seen);
    tell(answer.elsewhere);
    if (answer.saved) document.dispatchEvent(new CustomEvent("pm:saved", { detail: { text: answer.saved } }));
    if (answer.help) {
      over = true;
      location.assign(answer.help);
    }
  };

  const fail = (when) => {
    waiting = true;
    show(when);
    later(AGAIN_MS[Math.min(failures, AGAIN_MS.length - 1)]);
    failures += 1;
  };

  const read = async (response) => {
    if (response.status === SAVED) return take(await response.json());
    if (response.status === REFUSED) {
      over = true;
      return show((await response.json()).why);
    }
    // Signing in beside this page gives a new token: fetched now, so that the next try is not refused for it.
    const ended = response.status === SIGNED_OUT || response.status === OLD_TOKEN;
    if (ended) await freshToken();
    return fail(ended ? "signed-out" : "offline");
  };

  async function save(leaving) {
    clearTimeout(timer);
    if (over) return;
    if (sending && !leaving) {
      waiting = true;
      return;
    }
    waiting = false;
    try {
      await read(await post(leaving === true));
    } catch {
      if (!over) fail("offline");
    } finally {
      sending = null;
    }
    if (waiting && !failures && !over) later(TYPING_MS);
  }

  const typed = (event, milliseconds) => {
    if (!event.target.name || over) return;
    choose(event.target.name);
    waiting = true;
    if (!failures) later(milliseconds);
  };
  form.addEventListener("input", (event) => typed(event, TYPING_MS));
  form.addEventListener("change", (event) => typed(event, CHOICE_MS));

  // The buttons send the whole page, newer than anything under way.
  form.addEventListener("submit", (event) => {
    if (navigator.onLine === false) {
      event.preventDefault(); // the browser's own error page would lose what was typed
      fail("offline");
      return;
    }
    over = true;
    clearTimeout(timer);
    if (sending) sending.abort();
    form.elements.step.value = Number(form.elements.step.value) + 1;
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) over = false;
  });

  // Back on the network, or on this page after signing in beside it: try at once, with the token in force now.
  const again = async () => {
    if (!failures || over || sending) return;
    clearTimeout(timer);
    await freshToken().catch(() => {});
    later(CHOICE_MS);
  };
  window.addEventListener("online", again);
  window.addEventListener("focus", again);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && waiting && !over) save(true);
    else again();
  });
  window.addEventListener("beforeunload", (event) => {
    if (failures && waiting && !over) event.preventDefault();
  });
})();
