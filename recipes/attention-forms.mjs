import { compile } from 'headlightjs';
import { Attention, alibi, and, causal, MultiHeadAttention, slidingWindow, sparsemax } from 'headlightjs/attention';
import { sitesOf } from 'headlightjs/runtime';

const attention = new Attention({ mask: and(causal, slidingWindow(3)), bias: alibi(2), normaliser: sparsemax() });
const layer = new MultiHeadAttention({ width: 8, heads: 2, attention });
const sites = compile((/** @type {import('headlightjs').Tensor} */ x) => Object.fromEntries(sitesOf([layer.forward(x)])));

const tokens = Array.from({ length: 5 }, (_, t) => Array.from({ length: 8 }, (_, c) => 12 * Math.sin(8 * t + c)));
const { pattern } = await sites([tokens]); // [1,2,5,5]: batch, head, query, key
// The first head: no later key, none further back than 2, and some in between exactly zero.
for (let i = 0; i < 5; i++) console.log([0, 1, 2, 3, 4].map((j) => pattern?.at(0, 0, i, j).toFixed(2)).join(' '));
