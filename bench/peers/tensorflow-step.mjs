// @ts-nocheck: the packages are installed here only by who runs the bench
// GPT-2's training step in TensorFlow.js. node tensorflow-step.mjs wasm|cpu MODEL.safetensors BATCHES.safetensors SETTINGS-JSON
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import tf from '@tensorflow/tfjs';
import { readTensors, serve } from './step-protocol.mjs';

const [backend, modelFile, batchFile, settings] = process.argv.slice(2);
const { layers, heads, width, context, batch, vocabulary, lr, betas, weightDecay, clip } = JSON.parse(settings);
if (backend === 'wasm') {
  const require = createRequire(import.meta.url);
  const wasm = require('@tensorflow/tfjs-backend-wasm');
  wasm.setWasmPaths(join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm')), '../wasm-out/'));
}
await tf.setBackend(backend);
await tf.ready();

/** The gradient of a look-up needs a kernel that the WebAssembly backend does not have: there tokens are one-hot rows. */
const gathers = tf.getKernel('UnsortedSegmentSum', backend) !== undefined;
const variables = Object.fromEntries(
  Object.entries(readTensors(modelFile)).map(([name, { data, shape }]) => [name, tf.variable(tf.tensor(data, shape), true, name)]),
);
const names = Object.keys(variables);
const of = (/** @type {string} */ name) => variables[`transformer.${name}`];
const size = width / heads;
const rows = batch * context;
const mask = tf.tensor2d(
  Float32Array.from({ length: context * context }, (_, i) => (i % context <= Math.floor(i / context) ? 0 : -1e30)),
  [context, context],
);

const { add, div, matMul, mul, reshape, softmax, split, sqrt, square, sub, sum, transpose } = tf;
const linear = (x, name) => add(matMul(x, of(`${name}.weight`)), of(`${name}.bias`));
const norm = (x, name) => {
  const { mean, variance } = tf.moments(x, -1, true);
  return add(mul(mul(sub(x, mean), tf.rsqrt(add(variance, 1e-5))), of(`${name}.weight`)), of(`${name}.bias`));
};
const gelu = (x) => {
  const inner = mul(add(x, mul(mul(mul(x, x), x), 0.044715)), Math.sqrt(2 / Math.PI));
  return mul(mul(x, 0.5), add(tf.tanh(inner), 1));
};
const attend = (qkv) => {
  const [q, k, v] = split(qkv, 3, 1).map((part) => transpose(reshape(part, [batch, context, heads, size]), [0, 2, 1, 3]));
  const pattern = softmax(add(mul(matMul(q, k, false, true), 1 / Math.sqrt(size)), mask));
  return reshape(transpose(matMul(pattern, v), [0, 2, 1, 3]), [rows, width]);
};
const oneHot = (ids) => tf.cast(tf.oneHot(ids, vocabulary), 'float32');

/** Mean cross-entropy, as PyTorch's side of `headlight bench step` computes it. */
function loss(ids, targets) {
  const embedded = gathers ? tf.gather(of('wte.weight'), ids) : matMul(oneHot(ids), of('wte.weight'));
  let x = reshape(add(reshape(embedded, [batch, context, width]), of('wpe.weight')), [rows, width]);
  for (let layer = 0; layer < layers; layer++) {
    const name = `h.${layer}`;
    x = add(x, linear(attend(linear(norm(x, `${name}.ln_1`), `${name}.attn.c_attn`)), `${name}.attn.c_proj`));
    x = add(x, linear(gelu(linear(norm(x, `${name}.ln_2`), `${name}.mlp.c_fc`)), `${name}.mlp.c_proj`));
  }
  const logits = matMul(norm(x, 'ln_f'), of('wte.weight'), false, true);
  return div(sum(mul(tf.logSoftmax(logits), oneHot(targets))), -rows);
}

const moments = new Map(
  names.map((name) => [name, [tf.variable(tf.zerosLike(variables[name])), tf.variable(tf.zerosLike(variables[name]))]]),
);
let steps = 0;
async function step(inputs, targets) {
  const value = tf.tidy(() => {
    steps++;
    const [ids, next] = [tf.tensor1d(inputs, 'int32'), tf.tensor1d(targets, 'int32')];
    const { value, grads } = tf.variableGrads(
      () => loss(ids, next),
      names.map((name) => variables[name]),
    );
    const total = sqrt(tf.addN(names.map((name) => sum(square(grads[name])))));
    const scale = tf.minimum(1, div(clip, add(total, 1e-6)));
    const corrections = betas.map((beta) => 1 - beta ** steps);
    for (const name of names) {
      const [m, v] = moments.get(name);
      const g = mul(grads[name], scale);
      m.assign(add(mul(m, betas[0]), mul(g, 1 - betas[0])));
      v.assign(add(mul(v, betas[1]), mul(square(g), 1 - betas[1])));
      const update = mul(div(m, add(mul(sqrt(v), 1 / Math.sqrt(corrections[1])), 1e-8)), lr / corrections[0]);
      const kept = variables[name].shape.length >= 2 ? mul(variables[name], 1 - lr * weightDecay) : variables[name];
      variables[name].assign(sub(kept, update));
    }
    return value;
  });
  const [result] = await value.data();
  value.dispose();
  return result;
}

const note = gathers ? undefined : 'tokens as one-hot rows: the backend has no gradient of a look-up';
await serve({ version: tf.version.tfjs, backend: tf.getBackend(), ...(note && { note }) }, step, batchFile);
