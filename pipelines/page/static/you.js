// You: what is playing, and the records that tell the engine of it. Your clock goes with what you hear; where it is
// everybody's (over Kafka), it also goes on by itself, and what you finish early puts you ahead of it.

import { get, post } from "./api.js";

const KEY = "segue-you";
const SPEED = 20; // a track passes this many times as fast as at home, where the clock is yours
const PAUSE_MS = 1500; // between two tracks
const LENGTH_MS = 210000; // where the catalogue does not know better
const SEEN = 10;
const DAY_MS = 86400000;

const name = () => crypto.getRandomValues(new Uint32Array(2)).join("-");

export class You {
  constructor(onChange) {
    this.onChange = onChange;
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    this.id = kept.id ?? `you-${name()}`;
    this.nowMs = kept.nowMs ?? 0; // event time, UTC
    this.scores = null;
    this.playing = null; // {track_id, title, artist, length_ms, startedMs, heardMs, playId, decisionId, shown, liked}
    this.paused = false;
    this.busy = false;
    this.server = null; // its clock, as of the newest overview
  }

  /** Note what time it is for everybody, and how far ahead of that you may be. */
  sync({ now_ms: nowMs, ahead_ms: aheadMs }) {
    this.server = { nowMs, aheadMs, at: performance.now() };
  }

  /** Whether the clock is everybody's: tracks then take their time, and nobody can change the hour. */
  get live() {
    return this.server !== null && this.server.aheadMs < DAY_MS;
  }

  #catchUp() {
    if (this.live) this.nowMs = Math.max(this.nowMs, Math.round(this.server.nowMs + performance.now() - this.server.at));
  }

  keep() {
    localStorage.setItem(KEY, JSON.stringify({ id: this.id, nowMs: this.nowMs }));
  }

  /** Do one thing at a time; what goes wrong is told, and leaves you where you were. */
  async #once(what) {
    if (this.busy) return;
    this.busy = true;
    performance.mark("action");
    try {
      await what();
      this.onChange(null);
      requestAnimationFrame(() => performance.measure("action-to-slate", "action"));
    } catch (error) {
      this.onChange(error);
    } finally {
      this.busy = false;
      this.keep();
    }
  }

  /** Ask what comes next, as a player that is opened does. */
  async #ask() {
    this.#catchUp();
    const answer = await post("/v1/requests", { request_id: name(), listener_id: this.id, at_ms: this.nowMs });
    this.scores = answer.scores ?? this.scores;
  }

  async #open() {
    const overview = await get("/v1/overview");
    this.sync(overview);
    const ahead = this.nowMs - overview.now_ms;
    if (Math.abs(ahead) > 20 * 3600000 || ahead > overview.ahead_ms) this.nowMs = overview.now_ms;
    await this.#ask();
  }

  /** Begin, or hold and go on. */
  play() {
    if (this.playing) {
      this.paused = !this.paused;
      return this.onChange(null);
    }
    return this.#once(async () => {
      if (!this.scores) await this.#open();
      this.#start(this.scores.slots[0]);
    });
  }

  /** Play a track that was proposed; the slate it stood in is what the record answers. */
  choose(slot) {
    return this.#once(async () => {
      const { decision_id, slots } = this.scores;
      const asked = { decisionId: decision_id, shown: slots.indexOf(slot) + 1 };
      if (this.playing) await this.#end();
      this.#start(slot, asked);
    });
  }

  /** Play a track of the catalogue that nobody proposed. */
  search(track) {
    return this.#once(async () => {
      if (!this.scores) await this.#open();
      if (this.playing) await this.#end();
      this.#start({ ...track, artist: track.artist ?? "", reasons: [] }, { decisionId: null, shown: SEEN });
    });
  }

  #start(slot, asked = { decisionId: this.scores.decision_id, shown: 1 }) {
    if (!slot) throw new Error("there is nothing to play yet; search for something");
    this.#catchUp();
    this.playing = {
      track_id: slot.track_id, title: slot.title || slot.track_id, artist: slot.artist, lengthMs: slot.length_ms ?? null,
      startedMs: this.nowMs, heardMs: 0, playId: name(), liked: 0, slot, ...asked,
    };
    this.paused = false;
    const playing = this.playing;
    if (playing.lengthMs === null) {
      playing.lengthMs = LENGTH_MS;
      get(`/v1/tracks/${encodeURIComponent(slot.track_id)}`)
        .then((page) => { playing.lengthMs = page.track.length_ms ?? LENGTH_MS; })
        .catch(() => {}); // a track that nobody described plays for the usual length
    }
  }

  #record(more) {
    const { track_id, startedMs, playId, decisionId, shown, liked } = this.playing;
    const record = { event_id: name(), listener_id: this.id, track_id, started_ms: startedMs, play_id: playId, shown, liked, ...more };
    return decisionId === null ? record : { ...record, decision_id: decisionId };
  }

  async #end(finished = false) {
    const { lengthMs } = this.playing;
    const heardMs = finished ? lengthMs : Math.min(Math.round(this.playing.heardMs), lengthMs);
    const answer = await post("/v1/plays", this.#record({
      heard_ms: heardMs, length_ms: lengthMs, end_reason: finished ? "trackdone" : "fwdbtn",
    }));
    this.nowMs = this.playing.startedMs + heardMs + PAUSE_MS;
    this.playing = null;
    if (answer.scores) this.scores = answer.scores;
    else await this.#ask();
  }

  #next(finished) {
    return this.#once(async () => {
      if (!this.playing) return;
      await this.#end(finished);
      this.#start(this.scores.slots[0]);
    });
  }

  skip() { return this.#next(false); }
  finish() { return this.#next(true); }

  like() {
    return this.#once(async () => {
      if (!this.playing) return;
      this.playing.liked = this.playing.liked ? 0 : 1;
      if (!this.playing.liked) return; // the record of its end takes it back
      const answer = await post("/v1/plays", this.#record({}));
      if (answer.scores) this.scores = { ...answer.scores };
    });
  }

  /** Come back when the clock next shows this hour: a new session. */
  changeHour(hour) {
    return this.#once(async () => {
      if (!this.scores) await this.#open();
      if (this.playing) await this.#end();
      const at = Math.floor(this.nowMs / DAY_MS) * DAY_MS + hour * 3600000;
      this.nowMs = at > this.nowMs ? at : at + DAY_MS;
      await this.#ask();
    });
  }

  /** Let time pass while a track plays. */
  pass(ms) {
    if (!this.playing || this.busy || this.paused) return;
    this.playing.heardMs += ms * (this.live ? 1 : SPEED);
    if (this.playing.heardMs >= this.playing.lengthMs) this.finish();
  }
}
