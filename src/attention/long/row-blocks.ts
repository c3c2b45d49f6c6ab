import type { Dim } from '../../core/index.js';
import { concat, recompute, scan, type Tensor } from '../../ops/index.js';

/** A value of an attention call, and which of its axes counts queries and which keys; one that does not is the same for all. */
export interface Operand {
  readonly value: Tensor;
  readonly queryAxis?: number | undefined;
  readonly keyAxis?: number | undefined;
}

/** Queries `from` … `to` − 1 in blocks of equal size, and how many keys, from the first, they may see. */
export interface Band {
  readonly from: number;
  readonly to: number;
  readonly blocks: number;
  readonly keys: number;
}

/**
 * Cuts queries into blocks, and the blocks into bands that see the same keys. Where queries see nothing later, a band ends
 * its keys with itself: of T² pairs, (1 + 1/bands)/2 are computed. What does not fill a block is a band of its own.
 * @param bands how many, at most, where `causal`
 */
export function bandsOf(queries: number, keys: number, block: number, causal: boolean, bands: number): readonly Band[] {
  const whole = Math.floor(queries / block);
  const count = causal ? Math.min(bands, whole) : Math.min(1, whole);
  const seen = (to: number): number => (causal ? Math.min(keys, to) : keys);
  const cut = (i: number): number => Math.floor((i * whole) / count);
  const full = Array.from({ length: count }, (_, i) => {
    const [from, to] = [cut(i) * block, cut(i + 1) * block];
    return { from, to, blocks: cut(i + 1) - cut(i), keys: seen(to) };
  });
  const rest = { from: whole * block, to: queries, blocks: 1, keys: seen(queries) };
  return rest.from < rest.to ? [...full, rest] : full;
}

/**
 * Computes rows block by block: `body` is given the operands with their query axes cut to a block, and their key axes to
 * the band's keys, and returns [B,H,b,D']; in the backward pass it is also given what it returned. What it computes is not kept for the backward pass but computed again there,
 * one block at a time (`recompute` within a `scan`), so that no more than a block's scores are ever held.
 * @returns [B,T,H,D']
 */
export function overRowBlocks<Name extends string>(
  operands: Readonly<Record<Name, Operand>>,
  bands: readonly Band[],
  body: (block: Readonly<Record<Name, Tensor>>, known?: Tensor) => Tensor,
): Tensor {
  const names = Object.keys(operands) as Name[];
  const run = (band: Band): Tensor => {
    const cut = new Map(names.map((name) => [name, cutTo(operands[name], band)]));
    const moving = names.filter((name) => operands[name].queryAxis !== undefined);
    const blockOf = (slices: readonly Tensor[]): Record<Name, Tensor> => {
      const now = new Map([...cut, ...moving.map((name, i) => [name, slices[i] as Tensor] as const)]);
      return Object.fromEntries(now) as Record<Name, Tensor>;
    };
    // What a block depends on besides its own rows is read where it lies: only rows are arguments to take anew.
    const rows = (...slices: readonly Tensor[]): Tensor => {
      const again = recompute((result: Tensor, ...own: readonly Tensor[]) => body(blockOf(own), result));
      return again(body(blockOf(slices)), ...slices);
    };
    const whole = moving.map((name) => cut.get(name) as Tensor);
    if (band.blocks === 1) return rows(...whole).transpose([0, 2, 1, 3]);
    const sequences = whole.map((x, i) => inBlocks(x, operands[moving[i] as Name].queryAxis as number, band.blocks));
    const { outputs } = scan((_, slices) => ({ carries: [], outputs: [rows(...slices)] }), [], sequences, { carrySums: true });
    const stacked = outputs[0] as Tensor; // [n,B,H,b,D']
    const [n, batch, heads, block, width] = stacked.shape as [number, Dim, number, number, number];
    return stacked.transpose([1, 0, 3, 2, 4]).reshape([batch, n * block, heads, width]);
  };
  const parts = bands.map(run);
  return parts.length === 1 ? (parts[0] as Tensor) : concat(parts, 1);
}

function cutTo({ value, queryAxis, keyAxis }: Operand, { from, to, keys }: Band): Tensor {
  const rows = queryAxis === undefined ? value : sliced(value, queryAxis, from, to);
  return keyAxis === undefined ? rows : sliced(rows, keyAxis, 0, keys);
}

function sliced(x: Tensor, axis: number, from: number, to: number): Tensor {
  return from === 0 && to === x.shape[axis] ? x : x.slice([...new Array<null>(axis).fill(null), [from, to]]);
}

/** […,T,…] → [n,…,T/n,…] */
function inBlocks(x: Tensor, axis: number, blocks: number): Tensor {
  const [before, after] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
  const apart = x.reshape([...before, blocks, (x.shape[axis] as number) / blocks, ...after]);
  return apart.transpose([axis, ...apart.shape.map((_, i) => i).filter((i) => i !== axis)]);
}
