import type { Tensor } from '../../../ops/index.js';
import { where } from '../../../ops/index.js';
import { broadcastIndex } from './place.js';
import { Operands, type Rule, shown } from './rule.js';
import { along } from './scene.js';

/** y_j = e^{x_j} / Σ_k e^{x_k} over what the mask allows. */
export const softmaxRule: Rule = async (scene, { tensor, index }) => {
  const [x, mask] = tensor.node.inputs as [Tensor, Tensor | undefined];
  const { axis } = tensor.node.attrs as { readonly axis: number };
  const all = along(x, index, axis);
  const allowed = mask === undefined ? all.map(() => true) : await allowedAlong(mask);
  const operands = new Operands(scene);
  const of = operands.factor({ symbol: 's', place: { tensor: x, index } });
  const kept = all.filter((_, i) => allowed[i]);
  const over = kept.length === 0 ? undefined : operands.operand('s', kept);
  await operands.load();
  const own = of();
  const row = over?.() ?? { symbol: 's', source: scene.sourceOf(x), flat: new Int32Array(0), values: new Float32Array(0) };
  const top = row.values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const total = row.values.reduce((sum, s) => sum + Math.exp(s - top), 0);
  const isMasked = !allowed[index[axis] as number];
  const computed = isMasked || total === 0 ? 0 : Math.exp(own.value - top) / total;
  return {
    equation: { kind: 'softmax', of: own, over: row, masked: all.length - kept.length },
    computed,
    text: isMasked ? '0, as the mask forbids it' : `exp(${shown(own.value)}) / Σ exp(s) over ${kept.length}`,
  };

  /** Which of the row the mask allows, as the engine has it. */
  async function allowedAlong(of: Tensor): Promise<boolean[]> {
    const shape = of.shape as readonly number[];
    const at = broadcastIndex(index, shape);
    const own = axis - ((x.shape.length as number) - shape.length);
    const ranges = shape.map((size, a) => (a === own ? [0, size] : [at[a] as number, (at[a] as number) + 1]) as [number, number]);
    const row = where(of, 1, 0).slice(ranges);
    const name = `mask of ${scene.addressOf({ tensor: of, index: at }).at} [${ranges}]`;
    const value = (await scene.run.values({ [name]: row }))[name];
    const size = x.shape[axis] as number;
    const data = Array.from((value?.data ?? []) as Float32Array, (v) => v !== 0);
    return data.length === size ? data : new Array<boolean>(size).fill(data[0] ?? true);
  }
};
