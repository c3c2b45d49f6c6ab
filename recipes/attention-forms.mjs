import { compile } from 'headlightjs';
import { Attention, alibi, and, causal, MultiHeadAttention, slidingWindow, sparsemax } from 'headlightjs/attention';
import { sitesOf } from 'headlightjs/runtime';

const attention = new Attention({ mask: and(causal, slidingWindow(3)), bias: alibi(2), normaliser: sparsemax() });
const layer = new MultiHeadAttention({ width: 8, heads: 2, attention });
const pattern = compile((x) => sitesOf([layer.forward(x)]).get('pattern'));

const tokens = Array.from({ length: 5 }, (_, t) => Array.from({ length: 8 }, (_, c) => 12 * Math.sin(8 * t + c)));
const weights = await pattern([tokens]); // [1,2,5,5]: batch, head, query, key
console.table(weights.toArray()[0][0]); // no later key, none further back than 2, and some in between exactly zero
