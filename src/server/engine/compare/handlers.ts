import { fail } from '../../../core/index.js';
import { probabilities } from '../../../generate/index.js';
import type { Handlers } from '../handler.js';
import type { ModelState } from '../model-state.js';
import { headMatrix } from '../read/head-matrix.js';
import { logitsAt } from '../read/next.js';
import type { Run } from '../run/run.js';
import { PatchingSweep } from './patching-sweep.js';

type CompareNames = 'compare.align' | 'compare.next' | 'compare.heads' | 'compare.cost' | 'compare.sweep';

const mostRows = 1000;

/** Two runs side by side, and what of one makes the other. */
export function compareHandlers(state: ModelState): Handlers<CompareNames> {
  const pairsOf = (a: Run, b: Run) => state.looked({ run: a.key, minus: b.key }).minus?.pairs ?? [];
  return {
    'compare.align': ({ a, b }) => {
      const [own, other] = [state.runOf(a), state.runOf(b)];
      const pairs = pairsOf(own, other);
      const missing = (count: number, side: 0 | 1): number[] => {
        const met = new Set(pairs.map((pair) => pair[side]));
        return Array.from({ length: count }, (_, i) => i).filter((i) => !met.has(i));
      };
      const { tokens } = own.prepared;
      return {
        pairs,
        tokens: pairs.flatMap(([i]) => tokens[i] ?? []),
        onlyA: missing(tokens.length, 0),
        onlyB: missing(other.prepared.tokens.length, 1),
      };
    },
    'compare.next': async ({ a, b, position, count }) => {
      const [own, other] = [state.runOf(a), state.runOf(b)];
      const last = [own.prepared.tokens.length - 1, other.prepared.tokens.length - 1] as const;
      const [i, j] = position === undefined ? last : (pairsOf(own, other)[position] ?? last);
      const p = probabilities(await logitsAt(own, state.subject, i));
      const q = probabilities(await logitsAt(other, state.subject, j));
      if (p.length !== q.length)
        throw fail('unsupported', { where: 'compare', rule: 'two models of one vocabulary', got: `${p.length} and ${q.length} tokens` });
      const order = Array.from(p, (x, id) => ({ id, by: Math.abs(x - (q[id] as number)) })).sort((x, y) => y.by - x.by || x.id - y.id);
      const rows = order.slice(0, Math.min(count, mostRows)).map(({ id }) => ({
        id,
        text: state.subject.textOf(id),
        a: p[id] as number,
        b: q[id] as number,
      }));
      return { rows, divergence: divergenceOf(p, q) };
    },
    'compare.heads': async ({ a, b }, { signal }) => {
      const looked = state.looked({ run: a, minus: b });
      const layers: Float32Array[] = [];
      for (const { layer, heads } of state.attention) {
        const distances = new Float32Array(heads);
        for (let head = 0; head < heads; head++) {
          signal.throwIfAborted();
          const { data, rows } = await headMatrix(looked, { layer, head }, 'pattern');
          distances[head] = data.reduce((sum, x) => sum + Math.abs(x), 0) / 2 / Math.max(1, rows);
        }
        layers.push(distances);
      }
      return { layers };
    },
    'compare.cost': (spec) => PatchingSweep.of(state, spec).cost(),
    'compare.sweep': ({ limit, ...spec }, { signal, emit }) => PatchingSweep.of(state, spec).run(limit, signal, emit),
  };
}

/** KL(p ‖ q) = Σ p ln(p/q), nats. */
function divergenceOf(p: Float64Array, q: Float64Array): number {
  return p.reduce((sum, x, i) => (x > 0 ? sum + x * Math.log(x / Math.max(q[i] as number, Number.MIN_VALUE)) : sum), 0);
}
