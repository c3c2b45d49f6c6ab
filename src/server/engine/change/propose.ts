import { fail, type HostArray } from '../../../core/index.js';
import { axesOf } from '../../../lens/index.js';
import { showToken } from '../../../lens/picture/token-text.js';
import {
  type AttentionLayer,
  type Input,
  type Intervention,
  layerMark,
  type Matrix,
  type Proposal,
  type TokenInfo,
} from '../../protocol/index.js';
import type { ModelState } from '../model-state.js';
import { headMatrix } from '../read/head-matrix.js';
import { lineOf } from '../read/tile.js';
import type { Run } from '../run/run.js';
import { at, meanOver, sliceOf, subtracted } from './arrays.js';

/** One attention weight set; the others of its row scaled, so that the row keeps its sum. */
export async function weightSet(
  state: ModelState,
  { run: key, layer, head, query, key: to, weight }: Input<'change.weight'>,
): Promise<Proposal> {
  if (!(weight >= 0 && weight <= 1)) throw fail('value', { where: 'weight', rule: 'a weight from 0 to 1', got: String(weight) });
  const run = state.runOf(key);
  const row = lineOf(await headMatrix({ run }, { layer, head }, 'pattern'), query, 'row');
  const old = row[to];
  if (old === undefined) throw fail('value', { where: 'key', rule: `a key from 0 to ${row.length - 1}`, got: String(to) });
  const sum = row.reduce((a, b) => a + b, 0);
  const others = sum - old;
  const factor = others > 0 ? (sum - weight) / others : 0;
  const data = row.map((w, i) => (i === to ? weight : w * factor));
  const site = run.attentionSite(layer, 'pattern');
  const value: Matrix = { shape: [1, 1, 1, row.length], data };
  const label = `${headName(run, layer, head)}: ${edgeName(run, layer, query, to)} = ${weight.toFixed(2)}`;
  return { intervention: { kind: 'value', at: site, heads: [head], positions: [query], value }, label };
}

export function edgesCut(state: ModelState, { run: key, layer, head, edges, renormalise = true }: Input<'change.cut'>): Proposal {
  const run = state.runOf(key);
  const site = run.attentionSite(layer, 'pattern');
  const [query, to] = edges[0] ?? [0, 0];
  const what = edges.length === 1 ? edgeName(run, layer, query, to) : `${edges.length} edges`;
  const intervention: Intervention = { kind: 'cut', at: site, heads: [head], edges, renormalise };
  return { intervention, label: `${headName(run, layer, head)}: cut ${what}` };
}

/** A head, or a whole site, taken out: zeros, or its mean over the prompt's tokens. */
export async function ablated(state: ModelState, input: Input<'change.ablate'>): Promise<Proposal> {
  const run = state.runOf(input.run);
  const [site, heads, what] =
    input.what === 'head'
      ? [`${state.attentionAt(input.layer).path}.mixed`, [input.head], headName(run, input.layer, input.head)]
      : [input.at, undefined, input.at];
  const where = { at: site, ...(heads && { heads }) };
  if (input.with !== 'mean') return { intervention: { kind: 'zero', ...where }, label: `${what} off` };
  const value = await partOf(run, site, heads?.[0]);
  const mean = meanOver(value, positionAxis(site, value));
  return { intervention: { kind: 'mean', ...where, values: { [site]: mean } }, label: `${what} at its mean` };
}

/** What another prompt has at a site. */
export async function patched(
  state: ModelState,
  { run: key, from, site, head, position, fromPosition }: Input<'change.patch'>,
): Promise<Proposal> {
  const run = state.runOf(key);
  const { step } = run.spec;
  const other = await state.run({ model: state.place.model, prompt: from, step });
  const all = await partOf(other, site, head);
  const axis = positionAxis(site, all);
  const place = fromPosition ?? position;
  const value = place === undefined ? { shape: all.shape, data: all.data as Float32Array } : at(all, axis, place);
  const where = { at: site, ...(head !== undefined && { heads: [head] }), ...(position !== undefined && { positions: [position] }) };
  const own = run.siteTensor(site).shape[axis];
  if (place === undefined && all.shape[axis] !== own) {
    const got = `${all.shape[axis]} and ${own} tokens`;
    throw fail('shape', { where: 'patch', rule: 'prompts of one length, or a position', got, fix: 'Choose a position' });
  }
  const told = from.kind === 'text' ? `“${from.text.slice(0, 24)}”` : 'another prompt';
  const spot = position === undefined ? '' : ` at ${tokenName(run.prepared.tokens, position)}`;
  return { intervention: { kind: 'resample', ...where, values: { [site]: value } }, label: `${site}${spot} from ${told}` };
}

/** The difference of two prompts at a site, at their last tokens, as a direction to steer in. */
export async function steered(state: ModelState, input: Input<'change.steer'>): Promise<Proposal> {
  const { towards, away, site, coefficient, position } = input;
  const { step } = state.runOf(input.run).spec;
  const last = async (text: string): Promise<Matrix> => {
    const run = await state.run({ model: state.place.model, step, prompt: { kind: 'text', text } });
    const value = await run.site(site);
    return at(value, positionAxis(site, value), run.prepared.tokens.length - 1);
  };
  const vector = subtracted(await last(towards), await last(away));
  const where = { at: site, ...(position !== undefined && { positions: [position] }) };
  return { intervention: { kind: 'add', ...where, vector, coefficient }, label: `${coefficient} × (“${towards}” − “${away}”) at ${site}` };
}

async function partOf(run: Run, site: string, head: number | undefined): Promise<HostArray> {
  const value = await run.site(site);
  if (head === undefined) return value;
  const axis = axesOf(site, value.shape.length)?.indexOf('head') ?? -1;
  if (axis < 0) throw fail('name', { where: site, rule: 'a site with heads', got: `[${value.shape}]` });
  return sliceOf(value, axis, head);
}

/** @throws name: a site that has no positions */
function positionAxis(site: string, { shape }: Pick<HostArray, 'shape'>): number {
  const axis = axesOf(site, shape.length)?.indexOf('position') ?? -1;
  if (axis < 0) throw fail('name', { where: site, rule: 'a site with a value for each token', got: `[${shape}]` });
  return axis;
}

function headName(run: Run, layer: number, head: number): string {
  return `${layerMark(run.attention[layer] as AttentionLayer)} H${head}`;
}

function edgeName(run: Run, layer: number, query: number, key: number): string {
  const { queries, keys } = run.sides(layer);
  return `${tokenName(queries, query)} → ${tokenName(keys, key)}`;
}

function tokenName(tokens: readonly TokenInfo[], token: number): string {
  const text = tokens[token]?.text ?? String(token);
  return JSON.stringify(text.trim() === '' ? showToken(text) : text.trim());
}
