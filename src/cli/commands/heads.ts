import { fail, nearest } from '../../core/index.js';
import { type LabelledArray, type LensModel, type LensPrompt, scoreHeads } from '../../lens/index.js';
import type { Tokenizer } from '../../tokenizers/index.js';
import { openAnyCheckpoint } from '../checkpoint.js';
import { openImageModel, openImagePixels } from '../image-checkpoint.js';
import type { CommandIo } from '../io.js';
import type { EngineFlags } from '../options.js';
import { parseIds } from '../source.js';

export interface HeadsFlags extends EngineFlags {
  readonly text?: string;
  readonly ids?: string;
  readonly image?: string;
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
  const { model, tokenizer, prompt } = await opened(folder, flags);
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
  const cells = [
    ['layer', 'head', ...names],
    ...rows.map((row) => [row.layer, String(row.head), ...names.map((name) => shown(row[name]))]),
  ];
  const widths = (cells[0] as string[]).map((_, i) => Math.max(...cells.map((line) => (line[i] as string).length)));
  const line = (of: readonly string[]): string =>
    of.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number))).join('  ');
  return cells.map((of) => `${line(of)}\n`).join('');
}

function shown(x: unknown): string {
  return typeof x === 'number' ? x.toFixed(3) : '-';
}

async function opened(
  folder: string,
  { text, ids, image }: HeadsFlags,
): Promise<{ readonly model: LensModel; readonly tokenizer: Tokenizer | undefined; readonly prompt: LensPrompt | undefined }> {
  const given = ids === undefined ? text : parseIds(ids);
  if (image !== undefined) {
    const { model, pixels } = await openImagePixels(folder, image);
    return { model, tokenizer: undefined, prompt: pixels };
  }
  const vit = given === undefined ? await openImageModel(folder) : undefined;
  if (vit !== undefined) return { model: vit, tokenizer: undefined, prompt: undefined };
  return { ...(await openAnyCheckpoint(folder)), prompt: given };
}

function checkPrompts({ text, ids, image, tokens, rows, seed }: HeadsFlags): void {
  const given = [text, ids, image].filter((x) => x !== undefined).length;
  const drawn = [tokens, rows, seed].filter((x) => x !== undefined).length;
  if (given <= 1 && given * drawn === 0) return;
  throw fail('value', {
    where: 'heads',
    rule: 'one of --text, --ids and --image; or none of them, and --tokens, --rows and --seed of the random blocks',
    got: given > 1 ? `${given} of them` : 'both kinds',
    fix: 'Leave some out',
  });
}
