import { HostArray, randomBits, randomKey } from '../../core/index.js';
import type { Module } from '../../nn/index.js';

/** Small numbers, quicker than Gaussian ones: what they are does not change what a token costs. */
export function fillQuickly(model: Module): void {
  for (const [name, p] of model.parameters()) {
    if (p.shape.length < 2) continue;
    const data = new Float32Array(p.shape.reduce((a, b) => a * b, 1));
    const key = randomKey(0, name);
    for (let i = 0; i < data.length; i++) data[i] = (randomBits(key, i) / 2 ** 32 - 0.5) / 16;
    p.value = new HostArray(data, p.shape, 'float32');
  }
}
