// @ts-nocheck: the packages are installed here only by who runs the bench
// GPT-2's training step in jax-js, one jitted function. node jax-step.mjs wasm MODEL.safetensors BATCHES.safetensors SETTINGS-JSON
import { readFileSync } from 'node:fs';
import { readTensors, serve } from './step-protocol.mjs';

// It looks for a browser's navigator; this version of Node may have none.
globalThis.navigator ??= { hardwareConcurrency: 2 };
const { defaultDevice, init, jit, nn, numpy: np, valueAndGrad } = await import('@jax-js/jax');

const [device, modelFile, batchFile, settings] = process.argv.slice(2);
const { layers, heads, width, context, batch, vocabulary, lr, betas, weightDecay, clip } = JSON.parse(settings);
const available = await init(device);
if (!available.includes(device)) throw new Error(`jax-js has no ${device} here`);
defaultDevice(device);

const weights = readTensors(modelFile);
const names = Object.keys(weights);
const array = ({ data, shape }) => np.array(data).reshape(shape);
const size = width / heads;
const rows = batch * context;
const maskData = {
  shape: [context, context],
  data: Float32Array.from({ length: context * context }, (_, i) => (i % context <= Math.floor(i / context) ? 0 : -1e30)),
};

/** Every value is used up by what reads it: `ref` keeps it for another reader. */
function loss(p, inputs, targets, mask) {
  const of = (name) => p[`transformer.${name}`].ref;
  const linear = (x, name) => np.matmul(x, of(`${name}.weight`)).add(of(`${name}.bias`));
  const norm = (x, name) =>
    nn
      .standardize(x, -1, { epsilon: 1e-5 })
      .mul(of(`${name}.weight`))
      .add(of(`${name}.bias`));
  const gelu = (x) => {
    const cube = x.ref.mul(x.ref).mul(x.ref).mul(0.044715);
    const inner = x.ref.add(cube).mul(Math.sqrt(2 / Math.PI));
    return x.mul(0.5).mul(np.tanh(inner).add(1));
  };
  const attend = (qkv) => {
    const [q, k, v] = np.split(qkv, 3, 1).map((part) => part.reshape([batch, context, heads, size]).transpose([0, 2, 1, 3]));
    const scores = np
      .matmul(q, k.transpose([0, 1, 3, 2]))
      .mul(1 / Math.sqrt(size))
      .add(mask.ref);
    return np.matmul(nn.softmax(scores, -1), v).transpose([0, 2, 1, 3]).reshape([rows, width]);
  };
  let x = np
    .matmul(nn.oneHot(inputs, vocabulary), of('wte.weight'))
    .reshape([batch, context, width])
    .add(of('wpe.weight'))
    .reshape([rows, width]);
  for (let layer = 0; layer < layers; layer++) {
    const name = `h.${layer}`;
    x = x.ref.add(linear(attend(linear(norm(x, `${name}.ln_1`), `${name}.attn.c_attn`)), `${name}.attn.c_proj`));
    x = x.ref.add(linear(gelu(linear(norm(x, `${name}.ln_2`), `${name}.mlp.c_fc`)), `${name}.mlp.c_proj`));
  }
  const logits = np.matmul(norm(x, 'ln_f'), of('wte.weight').transpose());
  const value = nn
    .logSoftmax(logits, -1)
    .mul(nn.oneHot(targets, vocabulary))
    .sum()
    .mul(-1 / rows);
  for (const name of names) p[name].dispose();
  mask.dispose();
  return value;
}

/** Loss, and what parameters and moments become; `corrections` are 1/(1 − β₁ᵗ) and 1/(1 − β₂ᵗ). */
const update = jit((p, m, v, inputs, targets, mask, first, second) => {
  const copies = Object.fromEntries(names.map((name) => [name, p[name].ref]));
  const [value, grads] = valueAndGrad(loss)(copies, inputs, targets, mask);
  const total = names.map((name) => np.square(grads[name].ref).sum()).reduce((a, b) => a.add(b));
  const scale = np.minimum(np.array(1), np.array(clip).div(np.sqrt(total).add(1e-6)));
  const [np_, nm, nv] = [{}, {}, {}];
  for (const name of names) {
    const g = grads[name].mul(scale.ref);
    const mean = m[name].mul(betas[0]).add(g.ref.mul(1 - betas[0]));
    const square = v[name].mul(betas[1]).add(np.square(g).mul(1 - betas[1]));
    const change = mean.ref
      .mul(first.ref)
      .div(np.sqrt(square.ref.mul(second.ref)).add(1e-8))
      .mul(lr);
    const kept = weights[name].shape.length >= 2 ? p[name].mul(1 - lr * weightDecay) : p[name];
    [np_[name], nm[name], nv[name]] = [kept.sub(change), mean, square];
  }
  for (const x of [scale, first, second]) x.dispose();
  return [value, np_, nm, nv];
});

const zeros = () => Object.fromEntries(names.map((name) => [name, np.zeros(weights[name].shape)]));
let [p, m, v] = [Object.fromEntries(names.map((name) => [name, array(weights[name])])), zeros(), zeros()];
let steps = 0;
async function step(inputs, targets) {
  steps++;
  const [first, second] = betas.map((beta) => np.array(1 / (1 - beta ** steps)));
  const ids = (data) => np.array(data, { dtype: np.int32 });
  let value;
  [value, p, m, v] = update(p, m, v, ids(inputs), ids(targets), array(maskData), first, second);
  // What was computed is waited for: parameters too, not only the loss.
  for (const name of names) await p[name].blockUntilReady();
  const [result] = await value.data();
  return result;
}

const { version } = JSON.parse(readFileSync(new URL('node_modules/@jax-js/jax/package.json', import.meta.url), 'utf8'));
await serve({ version, backend: defaultDevice() }, step, batchFile);
