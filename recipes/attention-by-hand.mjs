// node recipes/attention-by-hand.mjs: attention by hand. Three tokens, small whole numbers, every matrix printed, and in the
// end the same from the library. Nothing up to the last section is more than sums, products and exponentials.
import { compile } from 'headlightjs';
import { causalMask, scaledDotProduct } from 'headlightjs/attention';
import { sitesOf } from 'headlightjs/runtime';

/** @typedef {import('headlightjs').Tensor} Tensor */
/** @typedef {number[][]} Matrix */

const tokens = ['the', 'cat', 'sat'];
const features = ['article', 'noun', 'verb', 'word'];

// 1. Tokens are rows of numbers. A model learns them; ours say what kind of word it is, and that it is a word.
const x = [
  [1, 0, 0, 1],
  [0, 1, 0, 1],
  [0, 0, 1, 1],
];
show('x: the tokens', x, tokens, features);

// 2. Each token makes a query (what it looks for), a key (what it offers) and a value (what it gives): x times a matrix.
// Those are learned too. Here articles look for nouns, nouns for articles, verbs for nouns twice as much; all for words.
const queryWeight = [
  [0, 2, 0, 0],
  [2, 0, 0, 0],
  [0, 4, 0, 0],
  [0, 0, 0, 2],
];
const keyWeight = [
  [1, 0, 0, 0],
  [0, 1, 0, 0],
  [0, 0, 1, 0],
  [0, 0, 0, 1],
];
const valueWeight = [
  [1, 0, 0, 2],
  [0, 3, 0, 1],
  [0, 0, 2, 0],
  [1, 1, 1, 1],
];
const q = product(x, queryWeight);
const k = product(x, keyWeight);
const v = product(x, valueWeight);
show('q: what each token looks for', q, tokens, features);
show('k: what each token offers', k, tokens, features);
show('v: what each token gives', v, tokens, ['v1', 'v2', 'v3', 'v4']);

// 3. A score for each pair: the query's product with the key. Divided by √D, so that wide rows do not make large scores.
const D = 4;
const scores = product(q, transpose(k)).map((row) => row.map((s) => s / Math.sqrt(D)));
show(`scores = q kᵀ / √${D}: how well row's query meets column's key`, scores, tokens, tokens);

// 4. Softmax makes weights of scores: exponentials, which are positive, divided by their sum. Each row sums to 1.
const exponentials = scores.map((row) => row.map(Math.exp));
show('e^scores', exponentials, tokens, tokens);
const pattern = exponentials.map((row) => row.map((e) => e / sum(row)));
show('pattern = e^scores / row sum: where each row looks', pattern, tokens, tokens);

// 5. What a token gathers is everyone's value, by its weights.
const output = product(pattern, v);
show('output = pattern v: what each token gathers', output, tokens, ['v1', 'v2', 'v3', 'v4']);

// 6. A language model may not look ahead: weights of later tokens are zero, and the others share the 1.
const before = exponentials.map((row, i) => row.map((e, j) => (j <= i ? e : 0)));
const causalPattern = before.map((row) => row.map((e) => e / sum(row)));
const causalOutput = product(causalPattern, v);
show('causal pattern: nobody looks ahead', causalPattern, tokens, tokens);
show('causal output', causalOutput, tokens, ['v1', 'v2', 'v3', 'v4']);

// 7. The library does the same, for many texts and heads at once: [batch, heads, tokens, width]. What it computes on the way
// has names, its sites, and can be asked for.
const attention = compile((/** @type {{ x: Tensor, queries: Tensor, keys: Tensor, values: Tensor }} */ given) => {
  const [query, key, value] = [given.queries, given.keys, given.values].map((weight) => given.x.matmul(weight).reshape([1, 1, 3, 4]));
  const all = /** @type {[Tensor, Tensor, Tensor]} */ ([query, key, value]);
  const free = scaledDotProduct(...all);
  const causal = scaledDotProduct(...all, { mask: causalMask(tokens.length) });
  const site = (/** @type {Tensor} */ of, /** @type {string} */ name) => /** @type {Tensor} */ (sitesOf([of]).get(name));
  return {
    scores: site(free, 'scores'),
    pattern: site(free, 'pattern'),
    output: free,
    causalPattern: site(causal, 'pattern'),
    causalOutput: causal,
  };
});
const library = await attention({ x, queries: queryWeight, keys: keyWeight, values: valueWeight });
await attention.dispose();

for (const [name, byHand] of Object.entries({ scores, pattern, output, causalPattern, causalOutput })) {
  const theirs = library[/** @type {keyof typeof library} */ (name)].data;
  const difference = Math.max(...byHand.flat().map((value, i) => Math.abs(value - Number(theirs[i]))));
  if (!(difference < 1e-6)) throw new Error(`${name}: the library differs by ${difference}`);
  console.log(`${name}: the library says the same, ${difference === 0 ? 'exactly' : `within ${difference.toExponential(0)}`}`);
}

/** Rows times columns. @param {Matrix} a @param {Matrix} b @returns {Matrix} */
function product(a, b) {
  return a.map((row) => transpose(b).map((column) => sum(row.map((value, i) => value * (column[i] ?? 0)))));
}

/** @param {Matrix} a @returns {Matrix} */
function transpose(a) {
  return (a[0] ?? []).map((_, j) => a.map((row) => row[j] ?? 0));
}

/** @param {number[]} row */
function sum(row) {
  return row.reduce((total, value) => total + value, 0);
}

/** Prints a matrix with names for its rows and columns. @param {string} title @param {Matrix} a @param {string[]} rows @param {string[]} columns */
function show(title, a, rows, columns) {
  const whole = a.flat().every(Number.isInteger);
  const text = (/** @type {number} */ value) => (whole || value === 0 ? String(value) : value.toFixed(3));
  const line = (/** @type {string} */ name, /** @type {string[]} */ cells) =>
    `  ${name.padEnd(4)}${cells.map((cell) => cell.padStart(9)).join('')}`;
  console.log(`${title}\n${line('', columns)}`);
  a.forEach((row, i) => {
    console.log(line(rows[i] ?? '', row.map(text)));
  });
  console.log();
}
