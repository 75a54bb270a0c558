// Another listener, opened: what they heard, what is known of them, and what comes next, live.

import { follow, get } from "./api.js";
import { $, clockOf, element, percent } from "./dom.js";
import { showSlate } from "./slate.js";

const NOBODY = { heard: [], features: [], decisions: [], scores: null };
const SESSION_GAP_MS = 1800000;

let stop = () => {};

function verdict(play) {
  if (play.liked > 0) return ["liked", "♥ liked"];
  if (play.liked < 0) return ["left", "disliked"];
  if (play.share === null) return ["quiet", "how long is unknown"];
  return play.skipped ? ["left", `left at ${percent(play.share)}`] : ["done", "to its end"];
}

function heardOf({ heard }) {
  return heard.flatMap((play, i) => {
    const [kind, words] = verdict(play);
    const later = heard[i - 1];
    const earlier = later && later.started_ms - play.started_ms > SESSION_GAP_MS;
    return [
      ...(earlier ? [element("li", { class: "session" }, `earlier, ${clockOf(play.started_ms)}`)] : []),
      element("li", {}, element("span", { class: "title" }, play.title), element("span", { class: "artist" }, play.artist),
        element("span", { class: `verdict ${kind}` }, words)),
    ];
  });
}

function showListener(page) {
  $("heard").replaceChildren(...heardOf(page));
  $("features").replaceChildren(...page.features.map((feature) => element("div", { title: feature.unit },
    element("dt", {}, feature.name.replaceAll("_", " ")), element("dd", {}, feature.value.toFixed(3)))));
  const chosen = $("made").selectedIndex > 0 ? $("made").value : null; // an older decision stays where it was chosen
  $("made").hidden = page.decisions.length < 2;
  $("made").replaceChildren(...page.decisions.map((made) => element("option", { value: made.decision_id, selected: made.decision_id === chosen },
    `${clockOf(made.at_ms)}: ${made.first || "nothing"}`)));
  if ($("made").selectedIndex <= 0) showSlate($("theirs"), page.scores?.slots ?? [], { shown: 5, open: 1 });
}

export async function openListener(id) {
  $("listener-name").textContent = id;
  const path = `/v1/listeners/${encodeURIComponent(id)}`;
  const refresh = async () => {
    try {
      const page = await get(path);
      $("listener-facts").textContent = `${page.plays} plays kept, ${page.pending} decisions wait for theirs; newest record ${clockOf(page.newest_ms)}`;
      showListener(page);
    } catch (error) {
      $("listener-facts").textContent = error.message;
    }
  };
  showListener(NOBODY);
  await refresh();
  stop();
  stop = follow(`/v1/scores?listener_id=${encodeURIComponent(id)}`, "scores", refresh);
  if (!$("listener").open) $("listener").showModal();
}

$("made").addEventListener("change", async () => {
  try {
    const { slots } = await get(`/v1/decisions/${encodeURIComponent($("made").value)}`);
    showSlate($("theirs"), slots, { shown: 5, open: 1 });
  } catch (error) {
    $("listener-facts").textContent = error.message;
  }
});
$("listener").addEventListener("close", () => { stop(); stop = () => {}; });
