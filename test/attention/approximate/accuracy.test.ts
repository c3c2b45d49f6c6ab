import { expect, test } from 'vitest';
import { Attention, FavorAttention, LinformerAttention, LshAttention, NystromAttention, segmentMeans } from '#dist/attention/index.js';
import { type HostArray, host, normal, randomKey } from '#dist/core/index.js';
import type { Tensor } from '#dist/ops/index.js';
import { compile } from '#dist/runtime/index.js';
import { dot, range } from '../structures/loops.js';

/** Normal numbers [1,1,T,D]; each token like the one before by `likeness`. */
function tokens(name: string, length: number, width: number, { likeness = 0, deviation = 1 } = {}): HostArray {
  const key = randomKey(0, name);
  const data = new Float32Array(length * width);
  for (let i = 0; i < data.length; i++) {
    const before = i < width ? normal(key, data.length + i) : (data[i - width] as number) / deviation;
    data[i] = deviation * (likeness * before + Math.sqrt(1 - likeness ** 2) * normal(key, i));
  }
  return host(data, { shape: [1, 1, length, width] });
}

/** What a function makes of queries, keys and values. */
async function made<R extends Record<string, Tensor>>(
  f: (q: Tensor, k: Tensor, v: Tensor) => R,
  feeds: readonly [HostArray, HostArray, HostArray],
) {
  const run = compile(f);
  const result = (await run(...feeds)) as Record<string, HostArray>;
  await run.dispose();
  return result;
}

/** |a − b|/|b| */
function error(a: HostArray | undefined, b: HostArray | undefined): number {
  const [x, y] = [a, b].map((r) => Array.from(r?.data as Float32Array)) as [number[], number[]];
  return Math.sqrt(x.reduce((sum, v, i) => sum + (v - (y[i] as number)) ** 2, 0) / y.reduce((sum, v) => sum + v * v, 0));
}

/** Least squares of ln y on ln x. */
function slope(xs: readonly number[], ys: readonly number[]): number {
  const [lx, ly] = [xs.map(Math.log), ys.map(Math.log)];
  const [mx, my] = [lx, ly].map((l) => l.reduce((a, b) => a + b, 0) / l.length) as [number, number];
  return lx.reduce((a, x, i) => a + (x - mx) * ((ly[i] as number) - my), 0) / lx.reduce((a, x) => a + (x - mx) ** 2, 0);
}

test('FAVOR+ errs by 1/√features, and orthogonal features err less', async () => {
  // The features' relative variance is about exp(|q + k|²/√D): larger queries reach the slope at more features only.
  const options = { deviation: 0.35 };
  const feeds = [tokens('q', 64, 16, options), tokens('k', 64, 16, options), tokens('v', 64, 16)] as const;
  const counts = [16, 32, 64, 128, 256];
  const draws = range(24);
  const errors = async (orthogonal: boolean): Promise<number[]> => {
    const found = await made((q, k, v) => {
      const forms = counts.flatMap((features) =>
        draws.map((draw) => {
          const form = new FavorAttention({ features, orthogonal });
          form.redraw(draw);
          return [`${features} ${draw}`, form.attend(q, k, v)] as const;
        }),
      );
      return { dense: new Attention().attend(q, k, v), ...Object.fromEntries(forms) };
    }, feeds);
    return counts.map((m) => Math.sqrt(draws.reduce((a, d) => a + error(found[`${m} ${d}`], found.dense) ** 2, 0) / draws.length));
  };
  const [orthogonal, independent] = [await errors(true), await errors(false)];
  for (const found of [orthogonal, independent]) {
    expect(slope(counts, found)).toBeGreaterThan(-0.6);
    expect(slope(counts, found)).toBeLessThan(-0.4);
  }
  orthogonal.forEach((e, i) => {
    expect(e, `${counts[i]} features`).toBeLessThan(independent[i] as number);
  });
});

test('LSH meets more of the 16 nearest keys with every round', async () => {
  const [length, width, group] = [256, 16, 16];
  const [noise, centres] = [tokens('noise', length, width, { deviation: 0.5 }), tokens('centres', length / group, width)];
  // Tokens of one group stand apart, so that their places say nothing.
  const x = host(
    Float32Array.from(noise.data as Float32Array, (v, i) => v + centres.at(0, 0, Math.floor(i / width) % (length / group), i % width)),
    { shape: noise.shape },
  );
  const rows = range(length).map((t) => range(width).map((d) => x.at(0, 0, t, d)));
  const near = rows.map((a, i) =>
    range(length)
      .filter((j) => j !== i)
      .map((j) => ({ j, cosine: dot(a, rows[j] as number[]) / Math.sqrt(dot(rows[j] as number[], rows[j] as number[])) }))
      .sort((p, q) => q.cosine - p.cosine)
      .slice(0, 16),
  );
  const recalls: number[] = [];
  for (const rounds of [1, 2, 4, 8]) {
    const form = new LshAttention({ buckets: 16, rounds });
    const { pattern } = await made((q) => ({ pattern: form.pattern(q, q) }), [x, x, x]);
    const met = near.reduce((a, list, i) => a + list.filter(({ j }) => Number(pattern?.data[i * length + j]) > 0).length, 0);
    recalls.push(met / (16 * length));
  }
  recalls.slice(1).forEach((recall, i) => {
    expect(recall).toBeGreaterThan(recalls[i] as number);
  });
  expect(recalls[0]).toBeGreaterThan(0.25);
  expect(recalls.at(-1)).toBeGreaterThan(0.9);
});

test('Linformer and Nyström err less with every rank, of tokens like their neighbours', async () => {
  const options = { likeness: 0.95 };
  const feeds = [tokens('q', 128, 16, options), tokens('k', 128, 16, options), tokens('v', 128, 16, options)] as const;
  const ranks = [8, 16, 32, 64, 128];
  const found = await made(
    (q, k, v) => ({
      dense: new Attention().attend(q, k, v),
      ...Object.fromEntries(
        ranks.flatMap((rank) => [
          [`linformer ${rank}`, new LinformerAttention({ length: 128, rank, initializer: segmentMeans }).attend(q, k, v)],
          [`nystrom ${rank}`, new NystromAttention({ landmarks: rank, iterations: 16 }).attend(q, k, v)],
        ]),
      ),
    }),
    feeds,
  );
  for (const form of ['linformer', 'nystrom']) {
    const errors = ranks.map((rank) => error(found[`${form} ${rank}`], found.dense));
    errors.slice(1).forEach((e, i) => {
      expect(e, `${form}, rank ${ranks[i + 1]}`).toBeLessThan(errors[i] as number);
    });
    expect(errors.at(-1)).toBeLessThan(1e-2);
  }
});
