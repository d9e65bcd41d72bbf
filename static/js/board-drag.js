// The drag view: the same visits on a calendar grid, moved by mouse or touch. The table stays: it is what keyboards
// and screen readers use, and everything can be done there. The server checks the law; what it refuses springs back.
(() => {
  "use strict";

  const SLOT_PX = 26;
  const WEEK_COLUMN = "22rem"; // rooms lie side by side in it: wider than the screen, scrolled inside the view
  const head = document.querySelector("[data-desk-board]");
  const view = document.querySelector("[data-drag-view]");
  const place = document.querySelector("[data-board-live]");
  const news = document.querySelector("[data-board-news]");
  const dialog = document.querySelector("[data-board-dialog]");
  if (!head || !view || !place || !dialog) return;
  const week = head.dataset.span === "week";
  if (week && head.dataset.sites === "all") return; // hundreds of visits in five columns help nobody

  const toggle = document.querySelector("[data-drag-switch]");
  let calendar = null;

  const load = (tag, from) =>
    new Promise((done, failed) => {
      const made = document.createElement(tag);
      if (tag === "script") made.src = from;
      else Object.assign(made, { rel: "stylesheet", href: from });
      made.addEventListener("load", done, { once: true });
      made.addEventListener("error", failed, { once: true });
      document.head.append(made);
    });

  const table = () => place.querySelector("[data-board-table]");
  const wall = (instant) =>
    new Date(instant).toLocaleString("sv-SE", { timeZone: head.dataset.zone }).replace(" ", "T").slice(0, 16);

  const resources = () =>
    [...place.querySelectorAll("[data-column-head]")].map((one) => ({
      id: one.dataset.columnHead,
      title: one.textContent.trim(),
    }));

  const events = () => {
    const found = table();
    if (!found) return [];
    const visits = [...found.querySelectorAll("[data-visit]")].map((one) => ({
      id: one.dataset.visit,
      start: one.dataset.starts,
      end: one.dataset.ends,
      resourceIds: [one.dataset.column],
      title: "",
      startEditable: Boolean(one.dataset.drop) && "mayMove" in head.dataset,
      classNames: [...one.classList].filter((name) => name.startsWith("visit-")).map((name) => `ec-${name}`).concat(`ec-id-${one.dataset.visit}`),
      extendedProps: { ...one.dataset, url: one.querySelector(".visit-who").href },
    }));
    // Half an hour each in the table; what touches and says the same is one block here.
    const blocked = [];
    for (const { dataset, textContent } of found.querySelectorAll("[data-blocked]")) {
      const start = wall(dataset.starts), end = wall(dataset.ends), title = textContent.trim();
      const before = blocked.find((one) => one.end === start && one.title === title && one.resourceIds[0] === dataset.blocked);
      if (before) before.end = end;
      else blocked.push({ id: `blocked-${blocked.length}`, start, end, resourceIds: [dataset.blocked], display: "background", title });
    }
    return [...visits, ...blocked];
  };

  // The visit as the table draws it, without its links.
  const content = ({ event }) => {
    if (event.display === "background") return { domNodes: [document.createTextNode(event.title || "")] };
    const source = [...place.querySelectorAll("[data-visit]")].find((one) => one.dataset.visit === event.id);
    const box = document.createElement("div");
    box.className = "drag-visit";
    for (const name of ["visit-who", "visit-what", "visit-where", "visit-state"]) {
      const part = source && source.querySelector(`.${name}`);
      if (!part) continue;
      const copy = document.createElement("span");
      copy.className = name;
      copy.append(...[...part.childNodes].map((node) => node.cloneNode(true)));
      box.append(copy, " ");
    }
    return { domNodes: [box] };
  };

  const hours = () => {
    const edges = [...place.querySelectorAll("[data-starts]")].flatMap((one) => [
      one.dataset.starts.length === 16 ? one.dataset.starts : wall(one.dataset.starts),
      one.dataset.ends.length === 16 ? one.dataset.ends : wall(one.dataset.ends),
    ]);
    const times = edges.map((one) => one.slice(11)).sort();
    const first = Math.min(8, Number((times[0] || "08:00").slice(0, 2)));
    const last = Math.max(18, Number((times[times.length - 1] || "18:00").slice(0, 2)) + 1);
    return [`${String(first).padStart(2, "0")}:00`, `${Math.min(last, 24)}:00`];
  };

  const two = (number) => String(number).padStart(2, "0");
  const say = (words) => {
    news.textContent = words;
  };
  const parsed = (html) => new DOMParser().parseFromString(html, "text/html").body.childNodes;

  const refused = (html) => {
    dialog.querySelector("[data-board-refusal]").replaceChildren(...parsed(html));
    dialog.showModal();
    dialog.querySelector("h2").focus();
  };

  const where = (props, resource) => {
    const [kind, id] = resource ? resource.id.split(":") : ["", ""];
    return {
      room: kind === "room" ? id : kind === "video" ? "" : props.room,
      clinician: kind === "clinician" ? id : props.clinician,
    };
  };

  const drop = async ({ event, newResource, revert }) => {
    const props = event.extendedProps;
    const day = event.start;
    const form = new URLSearchParams({
      ...where(props, newResource),
      on: `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`,
      at: `${two(day.getHours())}:${two(day.getMinutes())}`,
      version: props.version,
      request_id: crypto.randomUUID ? crypto.randomUUID() : "",
    });
    say("Moving…");
    try {
      const answer = await fetch(props.drop, {
        method: "POST",
        body: form,
        headers: {
          "X-CSRFToken": document.querySelector("input[name=csrfmiddlewaretoken]").value,
          "X-Board": "drag",
        },
        credentials: "same-origin",
      });
      const words = await answer.text();
      if (answer.ok && !answer.redirected) {
        news.replaceChildren(...parsed(words));
      } else {
        revert();
        if (answer.status === 409) {
          say("");
          refused(words);
        } else {
          say("This visit was not moved. Reload the page and try again.");
        }
      }
    } catch {
      revert();
      say("The clinic's server did not answer. Look whether the visit was moved before you try again.");
    }
    document.dispatchEvent(new CustomEvent("board:look"));
  };

  // The way back from a move, while the patient was not told: a form of its own, sent without leaving the board.
  news.addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target;
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: new URLSearchParams(new FormData(form)),
        headers: { "X-Board": "undo" },
        credentials: "same-origin",
      });
      say(answer.redirected || ![200, 409].includes(answer.status) ? "This was not taken back. Open the visit and look." : await answer.text());
    } catch {
      say("The clinic's server did not answer. Open the visit and look whether it was taken back.");
    }
    document.dispatchEvent(new CustomEvent("board:look"));
  });

  const options = () => {
    const [slotMinTime, slotMaxTime] = hours();
    const shown = new Set([...place.querySelectorAll("[data-day]")].map((one) => new Date(`${one.dataset.day}T12:00`).getDay()));
    return {
      view: week ? "timeGridWeek" : "resourceTimeGridDay",
      date: place.querySelector("[data-board-part]").dataset.date,
      firstDay: 1,
      hiddenDays: week ? [0, 1, 2, 3, 4, 5, 6].filter((day) => !shown.has(day)) : [],
      headerToolbar: { start: "", center: "", end: "" },
      allDaySlot: false,
      nowIndicator: false, // it would show the device's clock and zone, not the site's
      slotMinTime,
      slotMaxTime,
      slotHeight: SLOT_PX,
      columnWidth: week ? WEEK_COLUMN : "minmax(0, 1fr)",
      slotLabelFormat: (time) =>
        `${time.getHours() % 12 || 12}:${two(time.getMinutes())} ${time.getHours() < 12 ? "am" : "pm"}`,
      slotDuration: "00:30",
      snapDuration: "00:15",
      slotEventOverlap: false,
      eventDurationEditable: false,
      eventStartEditable: true,
      selectable: false,
      dayHeaderFormat: { weekday: "short", month: "short", day: "numeric" },
      resources: week ? [] : resources(),
      events: events(),
      eventContent: content,
      eventDrop: drop,
    };
  };

  const show = async (on) => {
    toggle.setAttribute("aria-pressed", String(on));
    if (on && !window.EventCalendar) {
      try {
        await Promise.all([load("link", head.dataset.style), load("script", head.dataset.script)]);
      } catch {
        toggle.setAttribute("aria-pressed", "false");
        say("The drag view could not be loaded. The table does all that it does.");
        return;
      }
    }
    view.hidden = !on;
    place.classList.toggle("is-dragged", on);
    if (on && !calendar) calendar = window.EventCalendar.create(view, options());
    else if (on) refresh();
    history.replaceState(null, "", on ? "#drag" : location.pathname + location.search);
  };

  const refresh = () => {
    if (!calendar || view.hidden) return;
    const [slotMinTime, slotMaxTime] = hours();
    calendar.setOption("slotMinTime", slotMinTime);
    calendar.setOption("slotMaxTime", slotMaxTime);
    if (!week) calendar.setOption("resources", resources());
    calendar.setOption("events", events());
  };

  document.addEventListener("board:renewed", refresh);
  document.addEventListener("board:ended", () => {
    view.remove();
    toggle.hidden = true;
  });
  view.addEventListener("click", (event) => {
    const found = event.target.closest(".ec-event");
    const id = found && calendar.getEvents().find((one) => found.classList.contains(`ec-id-${one.id}`));
    if (id) location.assign(id.extendedProps.url);
  });
  toggle.addEventListener("click", () => show(view.hidden));
  toggle.hidden = false;
  if (location.hash === "#drag") show(true);
})();
