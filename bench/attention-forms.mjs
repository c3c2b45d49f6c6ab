// What the benches of attention's forms share: tokens, errors, fits and tables.
import { HostArray, normal, randomKey } from 'headlightjs/core';
import { compile } from 'headlightjs/runtime';

/** @typedef {import('headlightjs/ops').Tensor} Tensor @typedef {{ q: Tensor, k: Tensor, v: Tensor }} Heads */

/** Normal numbers, each token like the one before by `likeness`. @param {string} name @param {number[]} shape */
export function tokens(name, shape, likeness = 0, scale = 1) {
  const key = randomKey(0, name);
  const width = shape.at(-1) ?? 1;
  const length = shape.at(-2) ?? 1;
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  for (let i = 0; i < data.length; i++) {
    const before = Math.floor(i / width) % length === 0 ? normal(key, data.length + i) : (data[i - width] ?? 0) / scale;
    data[i] = scale * (likeness * before + Math.sqrt(1 - likeness ** 2) * normal(key, i));
  }
  return new HostArray(data, shape, 'float32');
}

/** |a − b|/|b|, of all numbers together. @param {HostArray} a @param {HostArray} b */
export function error(a, b) {
  let [apart, size] = [0, 0];
  b.data.forEach((v, i) => {
    apart += (Number(a.data[i]) - Number(v)) ** 2;
    size += Number(v) ** 2;
  });
  return Math.sqrt(apart / size);
}

/** Least squares of ln y on ln x. @param {readonly number[]} xs @param {readonly number[]} ys */
export function slope(xs, ys) {
  const [lx, ly] = [xs.map(Math.log), ys.map(Math.log)];
  const mean = (/** @type {number[]} */ v) => v.reduce((a, b) => a + b, 0) / v.length;
  const [mx, my] = [mean(lx), mean(ly)];
  return lx.reduce((a, x, i) => a + (x - mx) * ((ly[i] ?? 0) - my), 0) / lx.reduce((a, x) => a + (x - mx) ** 2, 0);
}

/** @param {string[]} head @param {(string | number)[][]} rows */
export function table(head, rows) {
  const line = (/** @type {(string | number)[]} */ cells) => `| ${cells.join(' | ')} |`;
  console.log([line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n'), '\n');
}

/** One run of a function over heads, and its program given back. @template {Record<string, Tensor>} R @param {(heads: Heads) => R} f @param {Record<'q' | 'k' | 'v', HostArray>} feeds */
export async function once(f, feeds) {
  const run = compile(f);
  const result = await run(feeds);
  await run.dispose();
  return result;
}
