// The models of the comparison with llama.cpp and Transformers.js: random weights, as a Hugging Face folder, and as GGUF files and an
// ONNX file made of it.
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { convertToGguf, loadModel, saveModel } from 'headlightjs/checkpoints';
import { HostArray, randomBits, randomKey } from 'headlightjs/core';
import { GPT2, Llama } from 'headlightjs/models';
import { writeTokenizer } from './tokenizer.mjs';
import { transformersOnnx } from './transformers-onnx.mjs';

/** GPT-2's smallest published shape (124M parameters), and that of a Llama of 110M. */
export const shapes = {
  gpt2: () => new GPT2({ vocabulary: 50257, context: 1024, layers: 12, heads: 12, width: 768 }),
  llama: () => new Llama({ vocabulary: 32000, context: 2048, layers: 12, heads: 12, width: 768, hidden: 2048, tied: true }),
};

/**
 * Makes what is not there yet of a model's files.
 * @param {'gpt2' | 'llama'} name
 * @param {string} cache
 */
export async function modelFiles(name, cache) {
  const folder = join(cache, name);
  const gguf = { F32: join(cache, `${name}-F32.gguf`), F16: join(cache, `${name}-F16.gguf`) };
  mkdirSync(cache, { recursive: true });
  if (!existsSync(join(folder, 'tokenizer.json'))) {
    const model = shapes[name]();
    fill(model);
    await saveModel(folder, model);
    writeTokenizer(folder, model.vocabulary);
  }
  for (const type of /** @type {const} */ (['F32', 'F16'])) {
    if (!existsSync(gguf[type])) await convertToGguf(folder, gguf[type], { type });
  }
  return { folder, gguf };
}

/**
 * Makes the program that Transformers.js opens, beside a model's folder's weights, if it is not there yet.
 * @param {string} folder
 */
export async function onnxFile(folder) {
  const path = join(folder, 'onnx', 'model.onnx');
  if (existsSync(path)) return;
  mkdirSync(join(folder, 'onnx'), { recursive: true });
  const model = /** @type {import('headlightjs/generate').CachedModel} */ (await loadModel(folder));
  // Renamed into place: what was half written when the bench was stopped is no program.
  writeFileSync(`${path}.tmp`, transformersOnnx(model));
  renameSync(`${path}.tmp`, path);
}

/**
 * Small uniform numbers: quicker than Gaussian ones, and what they are does not change what a token costs.
 * @param {GPT2 | Llama} model
 */
function fill(model) {
  for (const [name, parameter] of model.parameters()) {
    if (parameter.shape.length < 2) continue;
    const key = randomKey(0, name);
    const size = parameter.shape.reduce((a, b) => a * b, 1);
    const values = Float32Array.from({ length: size }, (_, i) => (randomBits(key, i) / 2 ** 32 - 0.5) / 16);
    parameter.value = new HostArray(values, parameter.shape, 'float32');
  }
}
