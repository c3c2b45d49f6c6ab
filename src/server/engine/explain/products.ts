import type { Tensor } from '../../../ops/index.js';
import type { Equation, Factor, Operand } from '../../protocol/index.js';
import { broadcastIndex, originOf, type Place } from './place.js';
import { Operands, type Rule, shown, type Told } from './rule.js';
import { siteOf } from './scene.js';

type Pairs = { readonly left: readonly Place[]; readonly right: readonly Place[] };

/** y = x W + b: a row of x with a column of W. */
export const linearRule: Rule = async (scene, { tensor, index }) => {
  const [x, weight, bias] = tensor.node.inputs as [Tensor, Tensor, Tensor | undefined];
  const { transposed } = tensor.node.attrs as { readonly transposed: boolean };
  const column = index.at(-1) as number;
  const inner = x.shape.at(-1) as number;
  const steps = Array.from({ length: inner }, (_, k) => k);
  const left = steps.map((k) => ({ tensor: x, index: [...index.slice(0, -1), k] }));
  const right = steps.map((k) => ({ tensor: weight, index: transposed ? [column, k] : [k, column] }));
  const plus = bias && { symbol: 'b', place: { tensor: bias, index: [column] } };
  return sumOfProducts(new Operands(scene), { left, right }, ['x', 'W'], { plus });
};

/** y = scale · A B, of two matrices among many. */
export const matmulRule: Rule = async (scene, place) => {
  const { scale } = place.tensor.node.attrs as { readonly scale: number };
  const pairs = factorsOf(place);
  const isPattern = /pattern(?:#\d+)?$/.test(siteOf(originOf(pairs.left[0] as Place).tensor) ?? '');
  return sumOfProducts(new Operands(scene), pairs, isPattern ? ['a', 'v'] : ['q', 'k'], { scale });
};

function factorsOf({ tensor, index }: Place): Pairs {
  const [a, b] = tensor.node.inputs as [Tensor, Tensor];
  const { transposeA, transposeB } = tensor.node.attrs as { readonly transposeA: boolean; readonly transposeB: boolean };
  const [row, column] = [index.at(-2) as number, index.at(-1) as number];
  const inner = a.shape.at(transposeA ? -2 : -1) as number;
  const at = (of: Tensor, last: readonly number[]): Place => {
    const lead = broadcastIndex(index.slice(0, -2), (of.shape as readonly number[]).slice(0, -2));
    return { tensor: of, index: [...lead, ...last] };
  };
  const steps = Array.from({ length: inner }, (_, k) => k);
  return {
    left: steps.map((k) => at(a, transposeA ? [k, row] : [row, k])),
    right: steps.map((k) => at(b, transposeB ? [column, k] : [k, column])),
  };
}

async function sumOfProducts(
  operands: Operands,
  { left, right }: Pairs,
  [first, second]: readonly [string, string],
  { scale = 1, plus }: { readonly scale?: number; readonly plus?: { readonly symbol: string; readonly place: Place } | undefined },
): Promise<Told> {
  const makeLeft = operands.operand(first, left);
  const makeRight = operands.operand(second, right);
  const makePlus = plus && operands.factor(plus);
  await operands.load();
  const pair: [Operand, Operand] = [makeLeft(), makeRight()];
  const added = makePlus?.();
  const product = pair[0].values.reduce((sum, x, i) => sum + x * (pair[1].values[i] as number), 0);
  const factor: Factor | undefined = scale === 1 ? undefined : { symbol: scaleSymbol(scale, left.length), value: scale };
  const equation: Equation = {
    kind: 'sum-of-products',
    operands: pair,
    ...(factor && { scale: factor }),
    ...(added && { plus: added }),
  };
  const by = factor === undefined ? '' : `${factor.symbol} · `;
  const rest = added === undefined ? '' : ` + ${shown(added.value)}`;
  return { equation, computed: scale * product + (added?.value ?? 0), text: `${by}Σ ${first}·${second}${rest}` };
}

function scaleSymbol(scale: number, width: number): string {
  return Math.abs(scale * Math.sqrt(width) - 1) < 1e-6 ? `1/√${width}` : shown(scale);
}
