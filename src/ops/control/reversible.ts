import { fail } from '../../core/index.js';
import { defineOp, type VjpContext } from '../declare.js';
import { full } from '../leaves/fill.js';
import { input } from '../leaves/input.js';
import type { RefArray } from '../reference.js';
import { formatSpec } from '../spec.js';
import { apply, type Tensor } from '../tensor.js';
import { after } from './after.js';
import { differentiator } from './differentiator.js';
import { capturedBy, pairs, repeat } from './repeat.js';

/** One computed half: y = fn(x), and what it read besides x: which of the captured values. */
interface Half {
  readonly x: Tensor;
  readonly y: Tensor;
  readonly reads: readonly number[];
}

interface ReversibleAttrs {
  /** f and g of each block, in the order they were computed. */
  readonly halves: readonly Half[];
  /** What the halves were traced over; the op's inputs stand for them, which may be others by now. */
  readonly captured: readonly Tensor[];
}

/** Where the captured values begin among the inputs. */
const first = 4;

const reversibleOp = defineOp<ReversibleAttrs>({
  name: 'reversible',
  doc: 'The identity on the streams after blocks y₁ = x₁ + f(x₂), y₂ = x₂ + g(y₁), whose backward pass takes the blocks back from their results (Gomez et al. 2017, RevNet).',
  inputs: ['y1', 'y2', 'x1', 'x2', 'captured...'],
  identity: true,
  infer: ({ inputs: [y1, y2], refuse }) => {
    if (y1 === undefined || y2 === undefined) throw refuse('two streams are expected');
    return [y1, y2];
  },
  vjp: backwards,
  order: 'any',
  lower: (e, { inputs }) => inputs.slice(0, 2).map((y) => e.one('Identity', [y])),
  reference: ([y1, y2]) => [y1 as RefArray, y2 as RefArray],
  cases: [
    {
      attrs: { halves: [], captured: [] },
      inputs: [
        { shape: [2, 3], differentiable: false },
        { shape: [2, 3], differentiable: false },
        { shape: [2, 3], differentiable: false },
        { shape: [2, 3], differentiable: false },
      ],
    },
  ],
});

/** The two streams at one place: what was added to, and what was read; and the loss's gradients by them. */
interface Streams {
  readonly sum: Tensor;
  readonly read: Tensor;
  readonly bySum: Tensor;
  readonly byRead: Tensor;
}

/**
 * From the last half to the first: sum = before + fn(read), so before = sum − fn(read), and the gradient by `read` grows by
 * fn's. Each half waits until all gradients of the one after it are known: else all would be taken back before any is used.
 */
function backwards({ inputs, attrs: { halves, captured }, grads, needs }: VjpContext<ReversibleAttrs>): (Tensor | undefined)[] {
  const [y1, y2] = inputs as [Tensor, Tensor];
  const zeros = (y: Tensor): Tensor => full(y.shape, 0, y.dtype);
  let now: Streams = { sum: y2, read: y1, bySum: grads[1] ?? zeros(y2), byRead: grads[0] ?? zeros(y1) };
  let token = now.bySum;
  const byCaptured: (Tensor | undefined)[] = captured.map(() => undefined);
  for (const { x, y, reads } of [...halves].reverse()) {
    const read = after(now.read, token);
    const sources = [x, ...reads.map((i) => captured[i] as Tensor)];
    const current = [read, ...reads.map((i) => inputs[first + i] as Tensor)];
    const value = repeat([y], pairs(sources, current))[0] as Tensor;
    // Over leaves, so that where one value depends on another each gets only its own part of the derivative.
    const leaves = sources.map((source) => input('source', source.shape, source.dtype));
    const wanted = leaves.filter((_, k) => k === 0 || needs[first + (reads[k - 1] as number)]);
    const slopes = differentiator('reversible')(repeat([y], pairs(sources, leaves)), [now.bySum], wanted);
    const reached = wanted.filter((_, k) => slopes[k] !== undefined);
    const made = repeat(
      slopes.filter((g) => g !== undefined),
      pairs(leaves, current),
    );
    const gradientOf = pairs(reached, made);
    reads.forEach((i, k) => {
      const g = gradientOf.get(leaves[k + 1] as Tensor);
      if (g !== undefined) byCaptured[i] = byCaptured[i]?.add(g) ?? g;
    });
    const byX = gradientOf.get(leaves[0] as Tensor);
    const grown = byX === undefined ? now.byRead : now.byRead.add(byX);
    now = { sum: read, read: now.sum.sub(value), bySum: grown, byRead: now.bySum };
    token = onceAll([grown, ...made]);
  }
  return [undefined, undefined, now.byRead, now.bySum, ...byCaptured];
}

/** A number that is known when all of these are. */
function onceAll(values: readonly Tensor[]): Tensor {
  const firsts = values.map((x) => x.reshape([-1]).slice([[0, 1]]));
  return firsts.reduce((a, b) => a.add(b));
}

/** A block of two residual functions, each of a shape onto itself. */
export interface ReversibleBlock {
  readonly f: (x: Tensor) => Tensor;
  readonly g: (x: Tensor) => Tensor;
}

/**
 * Reversible residual blocks: y₁ = x₁ + f(x₂), y₂ = x₂ + g(y₁) (Gomez et al. 2017, RevNet, eq. 6; Kitaev et al. 2020,
 * Reformer, section 3: f is attention, g the feed-forward network). The backward pass takes each block back from its results,
 * x₂ = y₂ − g(y₁), x₁ = y₁ − f(x₂), so that of all blocks only the last two streams are kept: activation memory does not
 * grow with depth, for about a third more work. Gradients are the ordinary ones up to rounding. Dropout masks inside are kept.
 * @param x1 first stream @param x2 second stream, of its shape @returns [y₁, y₂] after all blocks
 * @throws shape: streams that differ, a function that changes the shape
 */
export function reversible(blocks: readonly ReversibleBlock[], x1: Tensor, x2: Tensor): readonly [Tensor, Tensor] {
  const refuse = (rule: string, got: Tensor): Error => fail('shape', { where: 'reversible', rule, got: formatSpec(got) });
  if (formatSpec(x1) !== formatSpec(x2)) throw refuse(`a second stream like the first, ${formatSpec(x1)}`, x2);
  const halves: Half[] = [];
  const captured = new Map<Tensor, number>();
  const added = (fn: (x: Tensor) => Tensor, sum: Tensor, x: Tensor): Tensor => {
    const y = fn(x);
    if (formatSpec(y) !== formatSpec(x)) throw refuse(`functions that keep the shape, ${formatSpec(x)}`, y);
    const reads = [...capturedBy([y], [x])];
    for (const t of reads) if (!captured.has(t)) captured.set(t, captured.size);
    halves.push({ x, y, reads: reads.map((t) => captured.get(t) as number) });
    return sum.add(y);
  };
  let [y1, y2] = [x1, x2];
  for (const { f, g } of blocks) {
    y1 = added(f, y1, y2);
    y2 = added(g, y2, y1);
  }
  const over = [...captured.keys()];
  return apply(reversibleOp, [y1, y2, x1, x2, ...over], { halves, captured: over }) as unknown as readonly [Tensor, Tensor];
}
