import { fail, nearest } from '../../core/index.js';
import { type LabelledArray, scoreHeads } from '../../lens/index.js';
import type { CommandIo } from '../io.js';
import { openLookedAt, type PromptFlags } from '../looked-at.js';
import type { EngineFlags } from '../options.js';
import { textTable } from '../text-table.js';

export interface HeadsFlags extends EngineFlags, PromptFlags {
  readonly tokens?: number;
  readonly rows?: number;
  readonly seed?: number;
  readonly sort?: string;
  readonly top?: number;
  readonly json?: boolean;
}

/**
 * Scores every head of a model, on random blocks that are repeated, or on what is given. JSON: `heads`, each with `layer`, `head`
 * and its scores by name, null where one says nothing of it; in the order of `--sort`, highest first, or of the model.
 */
export async function headsCommand(folder: string, flags: HeadsFlags, io: CommandIo): Promise<void> {
  const { device, threads, tokens, rows, seed } = flags;
  checkPrompts(flags);
  const { model, tokenizer, prompt } = await openLookedAt(folder, flags);
  const engine = { ...(device && { device }), ...(threads !== undefined && { threads }) };
  const scores = await scoreHeads(model, { ...engine, tokens, rows, seed, tokenizer, prompt });
  const heads = sorted(rowsOf(scores), namesOf(scores), flags.sort).slice(0, flags.top);
  if (flags.json) io.out(`${JSON.stringify({ heads })}\n`);
  else io.out(table(heads, namesOf(scores)));
}

/** A head with its scores by name. */
type Row = { readonly layer: string; readonly head: number } & Readonly<Record<string, number | string | null>>;

function namesOf({ axes }: LabelledArray): readonly string[] {
  return axes[2]?.labels.map(String) ?? [];
}

function rowsOf(scores: LabelledArray): Row[] {
  const [layers, heads] = scores.axes.map(({ labels }) => labels) as [readonly string[], readonly number[]];
  const names = namesOf(scores);
  const finite = (x: number): number | null => (Number.isFinite(x) ? x : null);
  const all = layers.flatMap((layer) =>
    heads.map((head) => ({ layer, head, ...Object.fromEntries(names.map((name) => [name, finite(scores.at(layer, head, name))])) })),
  );
  // Layers of fewer heads end early.
  return all.filter((row) => names.some((name) => (row as Row)[name] !== null));
}

function sorted(rows: readonly Row[], names: readonly string[], by: string | undefined): Row[] {
  if (by === undefined) return [...rows];
  if (!names.includes(by)) {
    const fix = `Nearest: ${nearest(by, names, 1).join()}`;
    throw fail('name', { where: '--sort', rule: `a score of this model's heads, of ${names.join(', ')}`, got: JSON.stringify(by), fix });
  }
  const value = (row: Row): number => (row[by] as number | null) ?? Number.NEGATIVE_INFINITY;
  return [...rows].sort((a, b) => value(b) - value(a));
}

function table(rows: readonly Row[], names: readonly string[]): string {
  const head = ['layer', 'head', ...names];
  return textTable([head, ...rows.map((row) => [row.layer, String(row.head), ...names.map((name) => shown(row[name]))])]);
}

function shown(x: unknown): string {
  return typeof x === 'number' ? x.toFixed(3) : '-';
}

/** @throws value: a prompt, and sizes of others that would be drawn */
function checkPrompts({ text, ids, image, tokens, rows, seed }: HeadsFlags): void {
  const isGiven = [text, ids, image].some((x) => x !== undefined);
  if (!isGiven || [tokens, rows, seed].every((x) => x === undefined)) return;
  const rule = 'either --text, --ids or --image, or --tokens, --rows and --seed of random blocks';
  throw fail('value', { where: 'heads', rule, got: 'both', fix: 'Leave some out' });
}
