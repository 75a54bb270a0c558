// The page: you on one side, the town on the other; both from the same API that programs use.

import { follow, get } from "./api.js";
import { drawBars, drawCurves } from "./charts.js";
import { $, clockOf, element, minutes, percent, signed } from "./dom.js";
import { openListener } from "./listener.js";
import { bar, named, reasons, showSlate } from "./slate.js";
import { You } from "./you.js";

const KINDS = { segue: "first", uniform: "second", popular: "third", "best possible": "best" };
const ORDER = Object.values(KINDS);
const TICK_MS = 200;
const DAY_MS = 86400000;

const you = new You(show);
let shownDecision = null;
let shownPlay = null;
let shownVersion = null;

function show(error) {
  $("connection").textContent = error ? error.message : $("connection").textContent;
  $("connection").classList.toggle("wrong", Boolean(error));
  showPlaying();
  const scores = you.scores;
  if (!scores || scores.decision_id === shownDecision) return;
  shownDecision = scores.decision_id;
  const coming = scores.slots.filter((slot) => slot.track_id !== you.playing?.track_id);
  showSlate($("next"), coming, { onPlay: (slot) => you.choose(slot) });
  $("next").dataset.decision = scores.decision_id;
  $("next-empty").hidden = scores.slots.length > 0;
  $("next-empty").textContent = scores.reason ?? "";
  $("next-version").textContent = `${scores.policy}, version ${scores.policy_version}, of ${scores.candidates ?? "unknown"} candidates`;
  const [first] = coming;
  $("announce").textContent = first ? `Next: ${first.title} by ${first.artist}, because: ${named(first)[0]?.words ?? "nothing is known yet"}` : "";
}

function showPlaying() {
  const playing = you.playing;
  for (const id of ["skip", "finish", "like"]) $(id).disabled = !playing;
  $("play").firstChild.textContent = playing && !you.paused ? "Pause " : "Play ";
  if (you.nowMs) $("clock").textContent = clockOf(you.nowMs + (playing?.heardMs ?? 0));
  if (playing) {
    $("now-title").textContent = playing.title;
    $("now-artist").textContent = playing.artist;
    $("like").setAttribute("aria-pressed", String(playing.liked === 1));
  } else if (you.scores) {
    $("now-title").textContent = "Paused";
    $("now-artist").textContent = "press play, or choose a track below";
  }
  if (playing?.playId !== shownPlay) {
    shownPlay = playing?.playId ?? null;
    $("because").replaceChildren(...(playing ? reasons(playing.slot) : []));
  }
  $("progress").value = playing ? Math.min(playing.heardMs / playing.lengthMs, 1) : 0;
  $("elapsed").textContent = minutes(playing?.heardMs ?? 0);
  $("length").textContent = minutes(playing?.lengthMs ?? 0);
}

function figure(name, value, meaning) {
  return element("div", { title: meaning }, element("dt", {}, name), element("dd", {}, value));
}

function showTown(overview) {
  you.sync(overview);
  $("hour-label").hidden = you.live;
  $("town-heading").textContent = you.live ? "Everybody" : "The town";
  const { rewards, start_ms: start, span_ms: span } = overview;
  const day = (overview.now_ms - start) / DAY_MS;
  $("figures").replaceChildren(
    you.live ? figure("listeners", String(overview.listeners), "lately heard of") : figure("day", day.toFixed(1), "of the town's life"),
    figure("plays", overview.plays.toLocaleString("en"), "that the engine has heard of"),
    figure("plays/s", overview.plays_per_s.toFixed(0), "of the last seconds; the town is walked at a pace"),
    figure("version", overview.version, "of the policy: how often it has learned anew"),
    figure("exploring", percent(overview.explored, 1), "slates whose first track was not the expected best"),
    figure("surprise", signed(overview.surprise, 2), "reward less expectation of what was seen: near 0 where the policy is right"),
    figure("drifts", String(overview.drifts), "changes for the worse that the learner has found"),
    figure("dead letters", String(Object.values(overview.dead_letters).reduce((a, b) => a + b, 0)), "records that could not be used"));
  const names = Object.keys(rewards);
  const kindOf = (name) => KINDS[name] ?? ORDER[names.indexOf(name) % ORDER.length];
  const marks = overview.notes.filter((note) => note.at_ms <= overview.now_ms)
    .map((note) => ({ at: (note.at_ms - start) / span, text: note.text, kind: note.kind }));
  const drifts = marks.filter((mark) => mark.kind === "drift");
  const lows = names.flatMap((name) => rewards[name]);
  const spans = overview.spans || Math.max(1, ...names.map((name) => rewards[name].length));
  const lately = overview.window_ms >= DAY_MS ? "day" : "hour";
  $("rewards-window").textContent = `mean over the last ${lately}`;
  drawCurves($("rewards"), {
    series: names.map((name) => ({ name, values: rewards[name], kind: kindOf(name) })),
    spans, perDay: DAY_MS / span, marks,
    low: Math.max(0, Math.floor(10 * Math.min(0.9, ...lows)) / 10), high: 1, write: (value) => value.toFixed(2),
    label: `Mean reward of advice over the last ${lately}: ${names.map((name) => `${name} ${(rewards[name].at(-1) ?? 0).toFixed(3)}`).join(", ")}`,
  });
  $("rewards-legend").replaceChildren(...names.map((name) => element("span", { class: kindOf(name) }, `${name} ${(rewards[name].at(-1) ?? 0).toFixed(3)}`)));
  $("rewards-note").textContent = [
    ...marks.filter((mark) => mark.kind !== "drift").map((mark) => `dashed: ${mark.text}`),
    ...(drifts.length ? [`lines: ${drifts.at(-1).text}${drifts.length > 1 ? `, ${drifts.length} times` : ""}`] : []),
  ].join("; ");
  const fresh = Object.entries(overview.new_artists);
  drawCurves($("new-artists"), {
    series: fresh.map(([name, values]) => ({ name, values, kind: KINDS[name] ?? "first" })),
    spans, perDay: DAY_MS / span, low: 0, high: Math.max(0.05, ...fresh.flatMap(([, values]) => values)),
    write: (value) => percent(value), height: 180,
    label: `Share of seen slots that hold artists first heard of during the run: ${percent(fresh[0]?.[1].at(-1) ?? 0, 1)}`,
  });
  const most = Math.max(0.05, ...overview.surprises.map(Math.abs));
  drawCurves($("surprises"), {
    series: [{ name: "surprise", values: overview.surprises, kind: "first" }],
    spans, perDay: DAY_MS / span, low: -most, high: most, marks: drifts, write: (value) => value.toFixed(2), height: 180,
    label: `Reward less expectation of what was seen: ${(overview.surprises.at(-1) ?? 0).toFixed(3)}; drifts found: ${overview.drifts}`,
  });
  const bars = overview.latency.filter((bucket) => bucket.most_ms <= 250).map((bucket) => ({ label: String(bucket.most_ms), count: bucket.records }));
  drawBars($("latency"), { bars, label: `Milliseconds from a record to its scores: ${bars.map((bar) => `${bar.count} up to ${bar.label}`).join(", ")}` });
  showActive(overview.active);
  if (overview.version !== shownVersion) {
    shownVersion = overview.version;
    get("/v1/policy").then(showLearned).catch(show);
  }
}

function showLearned({ pair_names: names, worth }) {
  const found = names.map((name, i) => [name, worth[i]]).filter(([, value]) => value !== 0);
  found.sort(([, one], [, other]) => Math.abs(other) - Math.abs(one));
  const most = Math.abs(found[0]?.[1] ?? 1);
  $("learned").replaceChildren(...found.map(([name, value]) => element("li", {},
    bar(value, most), element("span", { class: "amount" }, signed(value)), element("span", {}, name.replaceAll("_", " ")))));
}

function showActive(names) {
  if ($("active").contains(document.activeElement)) return; // do not take a chip from under somebody's keys
  const all = you.scores ? [you.id, ...names.filter((name) => name !== you.id)] : names; // you stay, however busy it is
  $("active").replaceChildren(...all.map((name) => element("li", {},
    element("button", { type: "button", onclick: () => openListener(name) }, name === you.id ? "you" : name.replace("listener-", "#")))));
}

let searching = 0;
async function search() {
  const query = $("search").value.trim();
  const turn = ++searching;
  if (!query) return $("found").replaceChildren();
  try {
    const { tracks } = await get(`/v1/tracks?limit=8&query=${encodeURIComponent(query)}`);
    if (turn !== searching) return;
    $("found").replaceChildren(...(tracks.length ? tracks.map((track) => element("li", {},
      element("button", { type: "button", class: "track", "aria-label": `Play ${track.title || track.track_id} by ${track.artist ?? ""}`, onclick: () => you.search(track) },
        element("span", { class: "title" }, track.title || track.track_id),
        element("span", { class: "artist" }, [track.artist, ...(track.genres ?? [])].filter(Boolean).join(" · ")))))
      : [element("li", { class: "quiet" }, "nothing by these words")]));
  } catch (error) {
    show(error);
  }
}

for (let hour = 0; hour < 24; hour += 1) $("hour").append(element("option", { value: hour }, `${String(hour).padStart(2, "0")}:00`));
$("hour").prepend(element("option", { value: "", selected: true }, "as it goes"));
$("play").addEventListener("click", () => you.play());
$("skip").addEventListener("click", () => you.skip());
$("finish").addEventListener("click", () => you.finish());
$("like").addEventListener("click", () => you.like());
$("hour").addEventListener("change", (event) => event.target.value !== "" && you.changeHour(Number(event.target.value)));
$("search").addEventListener("input", search);
$("open").addEventListener("submit", (event) => {
  event.preventDefault();
  openListener($("anyone").value.trim());
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, dialog");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const action = { s: () => you.skip(), e: () => you.finish(), l: () => you.like(), p: () => you.play() }[event.key];
  if (action) action();
});

let ticked = performance.now();
setInterval(() => {
  const now = performance.now();
  if (document.visibilityState === "visible") you.pass(now - ticked);
  ticked = now;
  showPlaying();
}, TICK_MS);

get("/v1/overview").then(showTown).catch(show);
follow("/v1/overview/stream", "overview", showTown, (open) => {
  $("connection").textContent = open ? "live" : "the server is away; trying again";
  $("connection").classList.toggle("wrong", !open);
  document.documentElement.dataset.live = String(open);
});
