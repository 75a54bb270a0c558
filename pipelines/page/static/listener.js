// Another listener, opened: what they heard, what is known of them, and what comes next, live.

import { follow, get } from "./api.js";
import { $, clockOf, element, percent } from "./dom.js";
import { showSlate } from "./slate.js";

let stop = () => {};

function verdict(play) {
  if (play.liked > 0) return ["liked", "♥ liked"];
  if (play.liked < 0) return ["left", "disliked"];
  if (play.share === null) return ["quiet", "how long is unknown"];
  return play.skipped ? ["left", `left at ${percent(play.share)}`] : ["done", "to its end"];
}

function showListener(page) {
  $("listener-facts").textContent = `${page.plays} plays kept, ${page.pending} decisions wait for theirs; newest record ${clockOf(page.newest_ms)}`;
  $("heard").replaceChildren(...page.heard.map((play) => {
    const [kind, words] = verdict(play);
    return element("li", {}, element("span", { class: "title" }, play.title), element("span", { class: "artist" }, play.artist),
      element("span", { class: `verdict ${kind}` }, words));
  }));
  $("features").replaceChildren(...page.features.map((feature) => element("div", { title: feature.unit },
    element("dt", {}, feature.name.replaceAll("_", " ")), element("dd", {}, feature.value.toFixed(3)))));
  showSlate($("theirs"), page.scores?.slots ?? [], { shown: 5, open: 1 });
}

export async function openListener(id) {
  $("listener-name").textContent = id;
  const path = `/v1/listeners/${encodeURIComponent(id)}`;
  const refresh = () => get(path).then(showListener).catch((error) => { $("listener-facts").textContent = error.message; });
  await refresh();
  stop();
  stop = follow(`/v1/scores?listener_id=${encodeURIComponent(id)}`, "scores", refresh);
  $("listener").showModal();
}

$("listener").addEventListener("close", () => { stop(); stop = () => {}; });
