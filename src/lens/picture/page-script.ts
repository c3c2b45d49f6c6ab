/**
 * The page's own script: plain JavaScript for the browser that opens the file. It reads the JSON block, draws the canvases and follows
 * pointer and keys. It sets text only by `textContent`, and styles only through the object model, which the page's policy allows.
 */
export const PAGE_SCRIPT = String.raw`'use strict';
(() => {
const byId = (id) => document.getElementById(id);
const all = (selector) => [...document.querySelectorAll(selector)];
const data = JSON.parse(byId('data').textContent);
const T = data.tokens.length;
// The bytes are little-endian, as is every machine that runs a browser.
const patterns = data.patterns.map((text) => new Float32Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer));
const dark = matchMedia('(prefers-color-scheme: dark)');
// A table of every weight is useful up to here; beyond it, the table holds the query's row.
const FULL_TABLE = 128;

let layer = data.layer;
let head = data.head;
let chosen = { query: data.query, key: data.key };
let hovered = null;
const at = () => hovered || chosen;

const weight = (query, key, l = layer, h = head) => patterns[l][(h * T + query) * T + key];
const masked = (query, key, l = layer, h = head) => data.causal[l][h] && key > query;
const strongest = (query) => {
  let best = 0;
  for (let key = 1; key < T; key++) if (weight(query, key) > weight(query, best)) best = key;
  return best;
};

function colour(value) {
  const ramp = data.ramps[dark.matches ? 'dark' : 'light'];
  const level = Math.round(255 * Math.sqrt(Math.min(1, Math.abs(value) / data.top)));
  const side = value < 0 ? 'negative' : 'positive';
  return { hex: ramp[side].slice(level * 6, level * 6 + 6), ink: ramp.ink[level < ramp[side + 'Flip'] ? 0 : 1] };
}

// One pixel per cell; where there are more cells than pixels, a pixel is the largest weight of its block. Masked cells stay clear.
function draw(canvas, limit, l, h) {
  const side = Math.min(T, limit);
  const pool = new Float32Array(side * side);
  for (let query = 0; query < T; query++) {
    for (let key = 0; key < T; key++) {
      const index = Math.floor((query * side) / T) * side + Math.floor((key * side) / T);
      const value = weight(query, key, l, h);
      if (Math.abs(value) > Math.abs(pool[index])) pool[index] = value;
    }
  }
  canvas.width = canvas.height = side;
  const context = canvas.getContext('2d');
  const image = context.createImageData(side, side);
  pool.forEach((value, index) => {
    if (masked(Math.floor(index / side), index % side, l, h)) return;
    const rgb = parseInt(colour(value).hex, 16);
    image.data.set([rgb >> 16, (rgb >> 8) & 255, rgb & 255, 255], index * 4);
  });
  context.putImageData(image, 0, 0);
}

const thumbnails = all('.thumbnail');
const textTokens = all('#text [data-token]');
const queryLabels = all('#queries span');
const keyLabels = all('#keys span');
const plot = byId('plot');
const drawThumbnails = () => thumbnails.forEach((one) => draw(one.firstChild, data.thumbnailSide, +one.dataset.layer, +one.dataset.head));

// Cells fill the room there is, but never shrink below what can be read and pointed at; then the matrix scrolls.
function fit() {
  const matrix = byId('matrix');
  // Measured at the largest size that labels take.
  matrix.style.setProperty('--label', '13px');
  const room = matrix.parentElement.clientWidth - byId('queries').offsetWidth - 4;
  // On a wide screen the whole head shows without scrolling, where cells stay large enough.
  const above = matrix.getBoundingClientRect().top + scrollY + byId('keys').offsetHeight;
  const tall = Math.max(innerHeight - above - 44, 440);
  const cell = Math.max(8, Math.min(30, Math.floor(Math.min(room, tall) / T)));
  matrix.style.setProperty('--cell', cell + 'px');
  matrix.style.setProperty('--size', cell * T + 'px');
  matrix.style.setProperty('--label', Math.max(8, Math.min(13, cell - 1)) + 'px');
}

function showHead() {
  byId('head-title').textContent = 'Layer ' + layer + ', head ' + head;
  byId('site').textContent = data.sites[layer];
  thumbnails.forEach((one) => {
    const is = +one.dataset.layer === layer && +one.dataset.head === head;
    one.setAttribute('aria-pressed', String(is));
    one.tabIndex = is ? 0 : -1;
  });
  draw(byId('cells'), T, layer, head);
  fillTable();
  showCell();
}

function showCell() {
  const { query, key } = at();
  const value = weight(query, key);
  byId('query-position').textContent = query;
  byId('query-token').textContent = data.shown[query];
  byId('key-position').textContent = key;
  byId('key-token').textContent = data.shown[key];
  byId('weight').textContent = value.toFixed(4);
  byId('note').textContent = masked(query, key) ? 'masked' : '';
  textTokens.forEach((one, index) => {
    const clear = masked(query, index);
    const { hex, ink } = colour(weight(query, index));
    one.style.backgroundColor = clear ? '' : '#' + hex;
    one.style.color = clear ? '' : ink;
    one.className = (clear ? 'masked' : '') + (index === query ? ' query' : '') + (index === key ? ' key' : '');
  });
  queryLabels.forEach((one, index) => one.classList.toggle('at', index === query));
  keyLabels.forEach((one, index) => one.classList.toggle('at', index === key));
  const move = (id, x, y) => (byId(id).style.transform = 'translate(calc(' + x + ' * var(--cell)), calc(' + y + ' * var(--cell)))');
  move('row', 0, query);
  move('column', key, 0);
  move('cell', key, query);
  if (T > FULL_TABLE) fillTable();
}

function element(kind, text, scope) {
  const made = document.createElement(kind);
  made.textContent = text;
  if (scope) made.scope = scope;
  return made;
}

// Rows are queries; a long text has one row, the query's.
let numbers = [];
function fillTable() {
  const table = byId('table').firstChild;
  const rows = T <= FULL_TABLE ? data.tokens.map((_, query) => query) : [at().query];
  const name = (index) => index + ' ' + data.shown[index];
  if (numbers.length === 0) {
    table.append(element('caption', ''), document.createElement('thead'), document.createElement('tbody'));
    const top = table.tHead.insertRow();
    top.append(element('th', 'query \\ key', 'col'), ...data.tokens.map((_, key) => element('th', name(key), 'col')));
    for (const query of rows) {
      const row = table.tBodies[0].insertRow();
      const cells = data.tokens.map(() => element('td', ''));
      row.append(element('th', name(query), 'row'), ...cells);
      numbers.push(cells);
    }
  }
  const part = T <= FULL_TABLE ? '' : ', of the query shown (the text is too long for a table of all)';
  table.caption.textContent = 'Weights of layer ' + layer + ', head ' + head + part + ', to 3 decimals. Rows are queries, columns are keys.';
  rows.forEach((query, index) => {
    table.tBodies[0].rows[index].cells[0].textContent = name(query);
    numbers[index].forEach((cell, key) => (cell.textContent = weight(query, key).toFixed(3)));
  });
}

function toggleTable() {
  const unseen = byId('table').classList.toggle('unseen');
  byId('toggle-table').setAttribute('aria-pressed', String(!unseen));
}

function step(kind, by) {
  if (kind === 'layer') layer = (layer + by + data.layers) % data.layers;
  else head = (head + by + data.heads) % data.heads;
  showHead();
}

const cellAt = (event) => {
  const box = plot.getBoundingClientRect();
  const clamp = (value) => Math.max(0, Math.min(T - 1, Math.floor(value * T)));
  return { query: clamp((event.clientY - box.top) / box.height), key: clamp((event.clientX - box.left) / box.width) };
};
const tokenAt = (event) => {
  const token = event.target.closest('[data-token]');
  return token && { query: +token.dataset.token, key: strongest(+token.dataset.token) };
};
// Pointing previews a cell; a click keeps it.
for (const [area, find] of [[plot, cellAt], [byId('text'), tokenAt]]) {
  const preview = (event) => {
    hovered = find(event);
    showCell();
  };
  area.addEventListener('pointermove', preview);
  area.addEventListener('pointerleave', () => {
    hovered = null;
    showCell();
  });
  area.addEventListener('click', (event) => {
    chosen = find(event) || chosen;
    hovered = null;
    showCell();
  });
}

byId('grid').addEventListener('click', (event) => {
  const one = event.target.closest('.thumbnail');
  if (!one) return;
  layer = +one.dataset.layer;
  head = +one.dataset.head;
  showHead();
});
all('[data-step]').forEach((one) => one.addEventListener('click', () => step(one.dataset.step, +one.dataset.by)));
byId('toggle-table').addEventListener('click', toggleTable);

const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const KEYS = { '[': () => step('head', -1), ']': () => step('head', 1), '{': () => step('layer', -1), '}': () => step('layer', 1), t: toggleTable, T: toggleTable };
addEventListener('keydown', (event) => {
  // Brackets need AltGr on many keyboards, which some systems report as Ctrl+Alt.
  const shortcut = (event.ctrlKey || event.altKey || event.metaKey) && !event.getModifierState('AltGraph');
  if (shortcut) return;
  const arrow = ARROWS[event.key];
  if (KEYS[event.key]) KEYS[event.key]();
  else if (arrow && event.target === plot) {
    const from = at();
    const clamp = (value) => Math.max(0, Math.min(T - 1, value));
    chosen = { query: clamp(from.query + arrow[0]), key: clamp(from.key + arrow[1]) };
    hovered = null;
    showCell();
    byId('cell').scrollIntoView({ block: 'nearest', inline: 'nearest' });
  } else if (arrow && byId('grid').contains(event.target)) {
    step(arrow[0] ? 'layer' : 'head', arrow[0] || arrow[1]);
    thumbnails[layer * data.heads + head].focus();
  } else return;
  event.preventDefault();
});
addEventListener('resize', fit);
dark.addEventListener('change', () => {
  drawThumbnails();
  showHead();
});

drawThumbnails();
fit();
showHead();
})();
`;
