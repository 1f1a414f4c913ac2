// Plays recordings and draws their sides: the caller's waveform above, the agent's below.
import { duration } from "./live.js";

const texts = JSON.parse(document.getElementById("texts").textContent);

// Makes a player work; returns {load, toggle}, for another recording, and to play and pause it.
export function attach(player) {
  const part = (name) => player.querySelector(`[data-do="${name}"]`);
  const sound = new Audio();
  sound.preload = "metadata";
  const box = player.querySelector(".wave-box");
  const canvas = player.querySelector("canvas");
  const head = player.querySelector(".wave-head");
  const trouble = player.querySelector("[data-trouble]");
  let peaks = null;
  let graph = null;

  const say = (text) => {
    trouble.hidden = false;
    trouble.textContent = text;
  };

  // Both channels go to both ears; a gain for each decides who is heard.
  function connect() {
    if (graph) return;
    const context = new AudioContext();
    const source = context.createMediaElementSource(sound);
    const split = context.createChannelSplitter(2);
    const sides = [context.createGain(), context.createGain()];
    source.connect(split);
    sides.forEach((side, n) => {
      split.connect(side, n);
      side.connect(context.destination);
    });
    graph = { context, sides };
    hear();
  }

  function hear() {
    const who = part("side")?.value ?? "both";
    if (!graph) return;
    graph.sides[0].gain.value = who === "agent" ? 0 : 1;
    graph.sides[1].gain.value = who === "caller" ? 0 : 1;
  }

  function draw() {
    const scale = window.devicePixelRatio || 1;
    const { width, height } = box.getBoundingClientRect();
    canvas.width = width * scale;
    canvas.height = height * scale;
    const pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    const style = getComputedStyle(player);
    const done = sound.duration ? sound.currentTime / sound.duration : 0;
    const sides = ["caller", "agent"].slice(0, Number(player.dataset.sides));
    const lane = height / sides.length;
    sides.forEach((side, n) => {
      const middle = lane * n + lane / 2;
      pen.fillStyle = style.getPropertyValue("--wave-line");
      pen.fillRect(0, middle - 0.5, width, 1);
      const values = peaks?.[side] ?? [];
      const bar = 3;
      const bars = Math.floor(width / bar);
      for (let i = 0; i < bars; i += 1) {
        const from = Math.floor((i / bars) * values.length);
        const to = Math.max(from + 1, Math.floor(((i + 1) / bars) * values.length));
        const loud = Math.max(0, ...values.slice(from, to));
        const tall = Math.max(1, Math.sqrt(loud) * (lane - 8));
        const past = i / bars < done;
        pen.fillStyle = style.getPropertyValue(past ? `--wave-${side}` : `--wave-${side}-soft`);
        pen.fillRect(i * bar, middle - tall / 2, bar - 1, tall);
      }
    });
    head.style.left = `${done * 100}%`;
  }

  function show() {
    player.querySelector("[data-at]").textContent = duration(sound.currentTime);
    if (Number.isFinite(sound.duration)) {
      player.querySelector("[data-all]").textContent = duration(sound.duration);
      box.setAttribute("aria-valuemax", Math.round(sound.duration));
    }
    box.setAttribute("aria-valuenow", Math.round(sound.currentTime));
    box.setAttribute("aria-valuetext", duration(sound.currentTime));
    draw();
  }

  function seek(to) {
    if (!Number.isFinite(sound.duration)) return;
    sound.currentTime = Math.min(Math.max(0, to), sound.duration);
    show();
  }

  async function toggle() {
    if (!sound.paused) return sound.pause();
    try {
      connect();
      await graph.context.resume();
      await sound.play();
    } catch {
      say(texts.no_playback);
    }
  }

  function state() {
    const playing = !sound.paused;
    part("play").querySelector('[data-icon="play"]').hidden = playing;
    part("play").querySelector('[data-icon="pause"]').hidden = !playing;
    part("play").querySelector("[data-label]").textContent = playing ? texts.pause : texts.play;
    part("play").setAttribute("aria-label", playing ? texts.pause : texts.play);
    if (playing) requestAnimationFrame(function next() {
      show();
      if (!sound.paused) requestAnimationFrame(next);
    });
  }

  part("play").addEventListener("click", toggle);
  part("back").addEventListener("click", () => seek(sound.currentTime - 5));
  part("on").addEventListener("click", () => seek(sound.currentTime + 5));
  part("side")?.addEventListener("change", hear);
  part("rate").addEventListener("change", () => {
    sound.playbackRate = Number(part("rate").value);
  });
  const at = (event) => {
    const { left, width } = box.getBoundingClientRect();
    seek(((event.clientX - left) / width) * sound.duration);
  };
  box.addEventListener("pointerdown", (event) => {
    box.setPointerCapture(event.pointerId);
    at(event);
  });
  box.addEventListener("pointermove", (event) => event.buttons && at(event));
  box.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: -5, ArrowRight: 5, PageDown: -30, PageUp: 30 };
    if (event.key in steps) seek(sound.currentTime + steps[event.key]);
    else if (event.key === "Home") seek(0);
    else if (event.key === "End") seek(sound.duration);
    else if (event.key === " ") toggle();
    else return;
    event.preventDefault();
  });
  for (const name of ["play", "pause", "ended"]) sound.addEventListener(name, state);
  for (const name of ["loadedmetadata", "seeked", "ended"]) sound.addEventListener(name, show);
  sound.addEventListener("error", () => say(texts.no_playback));
  new ResizeObserver(draw).observe(box);

  async function load(source, waveform) {
    trouble.hidden = true;
    peaks = null;
    sound.src = source;
    sound.playbackRate = Number(part("rate").value);
    player.querySelector("[data-download]").href = `${source}?download=1`;
    show();
    try {
      const answer = await fetch(waveform, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(answer.status);
      const found = await answer.json();
      if (!sound.src.endsWith(source)) return; // another was asked for meanwhile
      peaks = found;
      draw();
    } catch {
      say(texts.no_waveform);
    }
  }

  if (player.dataset.sound) load(player.dataset.sound, player.dataset.waveform);
  return { load, toggle, pause: () => sound.pause() };
}

for (const player of document.querySelectorAll("[data-player][data-sound]")) attach(player);
