import { type Address, flatOf, type Output } from '../../protocol/index.js';
import type { Scene } from './scene.js';

/** The vector that an element lies in, along its last axis. */
export async function sliceOfStrip(scene: Scene, address: Address): Promise<Output<'explain.strip'>> {
  const { tensor, index } = scene.placeOf(address);
  const value = (await scene.valuesOf([tensor])).get(tensor);
  const width = value?.shape.at(-1) ?? 1;
  const from = flatOf([...index.slice(0, -1), 0], tensor.shape as readonly number[]);
  const data = Float32Array.from({ length: width }, (_, i) => Number(value?.data[from + i]));
  return { source: scene.sourceOf(tensor), values: { shape: [width], data } };
}
