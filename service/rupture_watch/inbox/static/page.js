// Keys, live updates and the reader's time zone. Everything else works without this file.
"use strict";
(() => {
  const page = document.body.dataset.page;
  const list = () => document.getElementById("list");
  const rows = () => [...document.querySelectorAll("[data-row]")];
  const spoken = document.getElementById("spoken");

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !document.cookie.includes("rupture-watch-zone=")) {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `rupture-watch-zone=${zone}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  }

  // --- keys

  const current = () => document.activeElement && document.activeElement.closest("[data-row]");

  function go(step) {
    const all = rows();
    if (!all.length) return;
    const at = all.indexOf(current());
    const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + step));
    const link = all[next].querySelector("a.open");
    link.focus();
    all[next].scrollIntoView({ block: "nearest" });
  }

  function act(key) {
    const scope = page === "inbox" ? current() : document;
    if (!scope) return false;
    const found = scope.querySelector(`[data-key="${key}"]`);
    if (found) {
      if (found.matches("form")) found.requestSubmit();
      else if (found.matches("summary")) {
        found.parentElement.open = true;
        found.parentElement.querySelector("input[type=radio]").focus();
      } else found.click();
      return true;
    }
    const open = scope.querySelector("a.open");
    if (open && (key === "d" || key === "r")) {
      location.assign(key === "d" ? `${open.href}&do=dismiss` : open.href);
      return true;
    }
    return false;
  }

  document.addEventListener("keydown", (event) => {
    const target = event.target;
    if (event.ctrlKey || event.metaKey || event.altKey || target.closest("input, textarea, select, dialog")) return;
    const keys = document.getElementById("keys");
    if (event.key === "?" && keys) keys.showModal();
    else if (event.key === "j") go(1);
    else if (event.key === "k") go(-1);
    else if ("adru".includes(event.key) && event.key.length === 1 && page) {
      if (!act(event.key)) return;
    } else return;
    event.preventDefault();
  });

  const asked = new URLSearchParams(location.search);
  if (asked.get("do") === "dismiss" || asked.get("said") === "reason") {
    const reason = document.querySelector("#dismiss input[type=radio]");
    if (reason) reason.focus();
  }

  // --- a row that was answered gives the focus on to the next one

  let place = -1;
  document.addEventListener("htmx:before:request", (event) => {
    const row = event.target.closest && event.target.closest("[data-row]");
    place = row ? rows().indexOf(row) : -1;
  });
  document.addEventListener("htmx:after:swap", () => {
    hideNews();
    const all = rows();
    if (place >= 0 && all.length) all[Math.min(place, all.length - 1)].querySelector("a.open").focus();
    place = -1;
  });

  // --- live: nothing moves by itself, the bar says that there is more

  const news = document.getElementById("news");
  let source = null;

  function showNews(told) {
    const words = told.new === 1 && news.dataset.one ? news.dataset.one
      : told.new && news.dataset.many ? news.dataset.many.replace("COUNT", told.new)
      : news.dataset.changed;
    if (!news.hidden && document.getElementById("news-count").textContent === words) return;
    document.getElementById("news-count").textContent = words;
    news.hidden = false;
    spoken.textContent = words;
  }

  function stop() {
    if (source) source.close();
    source = null;
  }

  // The address says since when: what came while nobody listened is told on the next connection.
  function listen() {
    stop();
    const place = document.querySelector("[data-live]");
    if (!news || !place || !window.EventSource || document.hidden) return;
    source = new EventSource(place.dataset.live);
    source.addEventListener("alerts", (event) => showNews(JSON.parse(event.data)));
    source.addEventListener("bye", stop);
  }

  function hideNews() {
    if (news) news.hidden = true;
    listen();
  }

  // A hidden page keeps no connection: browsers allow six to one host.
  document.addEventListener("visibilitychange", () => (document.hidden ? stop() : listen()));
  addEventListener("pagehide", stop);
  listen();
})();
