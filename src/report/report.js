"use strict";
const points = JSON.parse(document.getElementById("points").textContent);
const show = (n) => n.toLocaleString("en-US");
const digits = (x, count) => x !== 0 && (Math.abs(x) < 1e-4 || Math.abs(x) >= 1e7) ? x.toExponential(count - 1) : String(+x.toPrecision(count));
const short = (x) => digits(x, 4), fine = (x) => digits(x, 6);

// What a curve's read-out says of a point: two numbers, the first of which may lie along x, a radius and a lower bound.
const readings = {
  picks: ([picks, row, radius, lower]) => `${show(picks)} ${picks === 1 ? "pick" : "picks"} (the last is row ${row}): radius ${short(radius)}, best possible at least ${short(lower)}`,
  decisions: ([decisions, seconds, upper, lower]) => `after ${show(decisions)} ${decisions === 1 ? "decision" : "decisions"}, ${short(seconds)} s: from ${fine(lower)} to ${fine(upper)}, ${short(upper > 0 ? 100 * (upper - lower) / upper : 0)} % apart`,
};

// A curve's read-out: the point nearest the pointer, or stepped to by the arrow keys.
function readCurve(figure, curve) {
  const read = document.getElementById("curve-read"), reading = readings[figure.dataset.of];
  const share = (value, ends, scale) => {
    const [from, to, at] = [...ends.split(" ").map(Number), value].map(scale);
    return to > from ? (at - from) / (to - from) : 0.5;
  };
  const across = (plot, point) =>
    share(point[plot.dataset.column], plot.dataset.x, plot.dataset.scale === "log" ? Math.log : Number);
  const mark = (plot, at) => {
    const cross = plot.querySelector(".cross"), dot = plot.querySelector(".dot");
    cross.style.left = dot.style.left = 100 * across(plot, curve[at]) + "%";
    dot.style.top = 100 * (1 - share(curve[at][2], plot.dataset.y, Number)) + "%";
    plot.classList.add("reading");
    read.textContent = reading(curve[at]);
    plot.at = at;
  };
  const rest = (plot) => {
    plot.classList.remove("reading");
    read.textContent = "Point at the curve for its values.";
  };
  for (const plot of figure.querySelectorAll(".plot")) {
    plot.tabIndex = 0;
    plot.addEventListener("pointermove", (event) => {
      const box = plot.getBoundingClientRect();
      const pointed = (event.clientX - box.left) / box.width;
      const gap = (point) => Math.abs(across(plot, point) - pointed);
      mark(plot, curve.reduce((best, point, at) => (gap(point) < gap(curve[best]) ? at : best), 0));
    });
    plot.addEventListener("pointerleave", () => rest(plot));
    plot.addEventListener("blur", () => rest(plot));
    plot.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      mark(plot, Math.min(curve.length - 1, Math.max(0, (plot.at ?? -1) + step)));
    });
    rest(plot);
  }
}

// Base64 of little-endian u16 values.
function decode(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return Array.from({ length: bytes.length / 2 }, (_, i) => bytes[2 * i] | (bytes[2 * i + 1] << 8));
}

function drawMap(figure, map) {
  const canvas = figure.querySelector("canvas"), tip = figure.querySelector(".tip");
  const slider = document.getElementById("shown"), play = document.getElementById("play");
  const read = document.getElementById("map-read"), pen = canvas.getContext("2d");
  const rows = decode(map.rows), picks = decode(map.picks), owners = decode(map.owners);
  const labeled = decode(map.labeled), farthest = decode(map.farthest), outliers = decode(map.outliers);
  const count = map.pick_rows.length, margin = 12;
  // Without an order all picks are shown, alike.
  const shownPicks = () => (map.ordered ? Number(slider.value) : count);
  let width = 0, height = 0, hovered = -1, colors = {};

  const place = (list, i) => [
    margin + (list[2 * i] / 65535) * (width - 2 * margin),
    height - margin - (list[2 * i + 1] / 65535) * (height - 2 * margin),
  ];
  const disc = (x, y, radius) => { pen.beginPath(); pen.arc(x, y, radius, 0, 2 * Math.PI); };
  const channels = (color) => [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  const blend = (a, b, share) => a.map((x, i) => Math.round(x + (b[i] - x) * share));
  // By the logarithm of the rank: the first picks differ, the many last ones are alike.
  const pickColor = (i) => {
    if (!map.ordered) return `rgb(${colors.middle})`;
    const share = count > 1 ? Math.log(i + 1) / Math.log(count) : 0;
    const { first, middle, last } = colors;
    return `rgb(${share < 0.5 ? blend(first, middle, 2 * share) : blend(middle, last, 2 * share - 1)})`;
  };
  const pickSize = (i) => Math.max(2.4, Math.min(6, 34 / Math.sqrt(count)) * (map.ordered && i < 10 ? 1.25 : 1)) * (width < 500 ? 0.75 : 1);

  function drawRows() {
    const size = Math.max(1, Math.min(2.2, 90 / Math.sqrt(rows.length / 2))) * (width < 500 ? 0.75 : 1);
    pen.globalAlpha = rows.length > 8000 ? 0.6 : 0.8;
    for (let i = 0; i < rows.length / 2; i++) {
      const mine = hovered >= 0 && owners[i] === hovered + 1;
      pen.fillStyle = mine ? pickColor(hovered) : colors.row;
      disc(...place(rows, i), mine ? 1.8 * size : size);
      pen.fill();
    }
    pen.globalAlpha = 1;
  }
  function drawLabeled() {
    pen.strokeStyle = colors.labeled;
    pen.lineWidth = 1.6;
    const arm = width < 500 ? 3.5 : 5;
    for (let i = 0; i < labeled.length / 2; i++) {
      const [x, y] = place(labeled, i);
      pen.beginPath();
      pen.moveTo(x, y - arm); pen.lineTo(x + arm, y); pen.lineTo(x, y + arm); pen.lineTo(x - arm, y);
      pen.closePath();
      pen.stroke();
    }
  }
  function drawOutliers() {
    pen.strokeStyle = colors.outlier;
    pen.lineWidth = 2;
    const arm = width < 500 ? 3.5 : 4.5;
    for (let i = 0; i < outliers.length / 2; i++) {
      const [x, y] = place(outliers, i), reach = hovered === count + i ? 1.5 * arm : arm;
      pen.beginPath();
      pen.moveTo(x - reach, y - reach); pen.lineTo(x + reach, y + reach);
      pen.moveTo(x - reach, y + reach); pen.lineTo(x + reach, y - reach);
      pen.stroke();
    }
  }
  function drawPicks(shown) {
    pen.strokeStyle = colors.card;
    pen.lineWidth = count > 2000 ? 0 : 1;
    for (let i = shown - 1; i >= 0; i--) {
      pen.fillStyle = pickColor(i);
      disc(...place(picks, i), i === hovered ? 1.5 * pickSize(i) : pickSize(i));
      pen.fill();
      if (count <= 2000) pen.stroke();
    }
  }
  function drawNext(shown) {
    const [x, y] = shown < count ? place(picks, shown) : farthest.length ? place(farthest, 0) : [];
    if (x === undefined) return;
    pen.strokeStyle = colors.next;
    pen.lineWidth = 2;
    disc(x, y, 8);
    pen.stroke();
  }
  function describe(shown) {
    const radius = map.radii[shown - 1];
    const next = shown < count ? map.pick_rows[shown] : map.farthest_row;
    const parts = [`first ${show(shown)} of ${show(count)} picks`];
    if (radius !== undefined) parts.push(`radius ${short(radius)}`);
    if (next !== null && next !== undefined) parts.push(`farthest left: row ${next}`);
    read.textContent = parts.join(" · ");
  }
  function draw() {
    const style = getComputedStyle(document.documentElement);
    const color = (name) => style.getPropertyValue("--" + name).trim();
    for (const name of ["row", "labeled", "outlier", "next", "card"]) colors[name] = color(name);
    for (const end of ["first", "middle", "last"]) colors[end] = channels(color("pick-" + end));
    const shown = shownPicks(), ratio = window.devicePixelRatio || 1;
    ({ width, height } = canvas.getBoundingClientRect());
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    drawRows();
    drawLabeled();
    drawPicks(shown);
    drawOutliers();
    if (map.ordered) {
      drawNext(shown);
      describe(shown);
    }
  }

  // Picks by their number, then outliers.
  const marked = (i) => (i < count ? place(picks, i) : place(outliers, i - count));
  function nearest(x, y) {
    let best = -1, least = 14 ** 2;
    const closer = (i) => {
      const [px, py] = marked(i), gap = (px - x) ** 2 + (py - y) ** 2;
      if (gap <= least) [best, least] = [i, gap];
    };
    for (let i = shownPicks() - 1; i >= 0; i--) closer(i);
    for (let i = 0; i < outliers.length / 2; i++) closer(count + i);
    return best;
  }
  function tell(at) {
    if (at >= count) {
      const distance = map.outlier_distances[at - count];
      const far = distance === undefined ? "" : `, ${short(distance)} from its nearest center`;
      return `left uncovered: row ${map.outlier_rows[at - count]}${far}`;
    }
    const served = map.served.length ? `, nearest center of ${show(map.served[at])} ${map.served[at] === 1 ? "row" : "rows"}` : "";
    return `${map.ordered ? `pick ${show(at + 1)}` : "pick"}: row ${map.pick_rows[at]}${served}`;
  }
  function hover(at) {
    tip.hidden = at < 0;
    if (at >= 0) {
      const [x, y] = marked(at);
      tip.textContent = tell(at);
      tip.style.left = Math.max(0, Math.min(x + 12, width - tip.offsetWidth)) + "px";
      tip.style.top = (y > 50 ? y - 42 : y + 14) + "px";
    }
    if (at !== hovered) { hovered = at; requestAnimationFrame(draw); }
  }
  canvas.addEventListener("pointermove", (event) => {
    const box = canvas.getBoundingClientRect();
    hover(nearest(event.clientX - box.left, event.clientY - box.top));
  });
  canvas.addEventListener("pointerleave", () => hover(-1));

  // Playing takes eight seconds whatever the number of picks; the first ones pass slowest.
  let started = null;
  function stop() { started = null; play.textContent = "Play"; }
  function frame(now) {
    if (started === null) return;
    const share = Math.min(1, (now - started) / 8000);
    slider.value = Math.round((count + 1) ** share - 1);
    draw();
    if (share < 1) requestAnimationFrame(frame); else stop();
  }
  if (map.ordered) {
    play.addEventListener("click", () => {
      if (started !== null) return stop();
      started = performance.now();
      play.textContent = "Stop";
      requestAnimationFrame(frame);
    });
    slider.addEventListener("input", () => { stop(); hover(-1); draw(); });
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  new ResizeObserver(draw).observe(canvas);
  draw();
}

if (points.curve.length) readCurve(document.getElementById("curve"), points.curve);
if (points.map) drawMap(document.getElementById("map"), points.map);

// The picks as a file, which the page holds.
function offerPicks(button, csv) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv], { type: "text/csv" }));
    link.download = "picks.csv";
    link.click();
    URL.revokeObjectURL(link.href);
  });
}
if (points.picks) offerPicks(document.getElementById("save"), points.picks);
