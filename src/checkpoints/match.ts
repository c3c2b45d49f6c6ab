import { equalShapes, fail, formatShape, globMatcher, type HostArray } from '../core/index.js';
import { type MappedName, type NameMap, toHf, toOurs } from './name-map.js';
import { quote } from './quote.js';
import type { TensorSource } from './source.js';
import { transposed } from './transpose.js';

/** Which tensor of a file a parameter takes, and whether turned round. */
export interface Assignment {
  readonly hfName: string;
  readonly transpose: boolean;
}

/** How a file's tensors and a model's parameters fit. Names under `missing`, `allowed` and `wrongShape` are ours, the others the file's. */
export interface MatchReport {
  readonly assign: ReadonlyMap<string, Assignment>;
  readonly missing: readonly string[];
  /** Parameters that the file lacks and may lack. */
  readonly allowed: readonly string[];
  /** Tensors that nothing takes and that nobody said may be left. */
  readonly extra: readonly string[];
  /** Tensors that are left unread on purpose: buffers, heads passed over, second copies of tied parameters. */
  readonly ignored: readonly string[];
  /** Both shapes in our layout. */
  readonly wrongShape: readonly { readonly name: string; readonly expected: readonly number[]; readonly got: readonly number[] }[];
}

export interface MatchOptions {
  /** The model's parameters: our name to shape. */
  readonly expected: ReadonlyMap<string, readonly number[]>;
  readonly file: Pick<TensorSource, 'names' | 'info'>;
  readonly map: NameMap;
  /** Globs of the file's names that are no parameters: buffers such as `*.attn.bias`. */
  readonly ignore?: readonly string[];
  /** Globs of parameters that the file may lack. */
  readonly allowMissing?: readonly string[];
  /** Parameters that share one array, by our names: either may stand in the file for both. */
  readonly tied?: Readonly<Record<string, string>>;
  readonly optionalPrefix?: string;
}

/** Finds for each parameter its tensor; reads nothing but the header. */
export function matchCheckpoint({
  expected,
  file,
  map,
  ignore = [],
  allowMissing = [],
  tied = {},
  optionalPrefix = '',
}: MatchOptions): MatchReport {
  const ignored = globMatcher(ignore.join(','));
  const found = new Map<string, Assignment>();
  const unwanted: string[] = [];
  const partners = partnersOf(tied);
  for (const hfName of file.names) {
    const ours = toOurs(hfName, map, optionalPrefix);
    const wanted = ours !== undefined && [ours.name, ...(partners.get(ours.name) ?? [])].some((n) => expected.has(n));
    if (ours !== undefined && wanted && !found.has(ours.name)) found.set(ours.name, { hfName, transpose: ours.transpose });
    else unwanted.push(hfName);
  }
  const assign = new Map<string, Assignment>();
  const missing: string[] = [];
  const allowed: string[] = [];
  const mayMiss = globMatcher(allowMissing.join(','));
  const wrongShape: MatchReport['wrongShape'][number][] = [];
  for (const [name, shape] of expected) {
    const source = [name, ...(partners.get(name) ?? [])].find((n) => found.has(n));
    const assignment = source === undefined ? undefined : found.get(source);
    if (assignment === undefined) {
      (mayMiss(name) ? allowed : missing).push(name);
      continue;
    }
    const stored = file.info(assignment.hfName).shape;
    const got = assignment.transpose && stored.length === 2 ? stored.toReversed() : stored;
    if (equalShapes(got, shape)) assign.set(name, assignment);
    else wrongShape.push({ name, expected: shape, got });
  }
  const taken = new Set([...assign.values()].map(({ hfName }) => hfName));
  const copies = [...found].filter(([name, { hfName }]) => !taken.has(hfName) && !wrongShape.some((w) => w.name === name));
  return {
    assign,
    missing,
    allowed,
    extra: unwanted.filter((name) => !ignored(name)),
    ignored: [...unwanted.filter(ignored), ...copies.map(([, { hfName }]) => hfName)],
    wrongShape,
  };
}

function partnersOf(tied: Readonly<Record<string, string>>): Map<string, string[]> {
  const partners = new Map<string, string[]>();
  for (const [a, b] of Object.entries(tied)) {
    partners.set(a, [...(partners.get(a) ?? []), b]);
    partners.set(b, [...(partners.get(b) ?? []), a]);
  }
  return partners;
}

/**
 * Lets a report pass in which everything fits.
 *
 * @throws `checkpoint`, naming the first few tensors that are missing, left over or of another shape
 */
export function checkReport(report: MatchReport, path: string): void {
  const faults = [
    listed('missing', report.missing),
    listed('unknown', report.extra),
    listed(
      'of another shape',
      report.wrongShape,
      ({ name, expected, got }) => `${quote(name)} ${formatShape(got)} instead of ${formatShape(expected)}`,
    ),
  ].filter((f) => f !== '');
  if (faults.length === 0) return;
  throw fail('checkpoint', {
    where: path,
    rule: 'the tensors that the model of config.json has',
    got: `${report.assign.size} matched; ${faults.join('; ')}${report.ignored.length > 0 ? `; ${report.ignored.length} ignored` : ''}`,
    fix: 'Check that the weights and config.json belong to the same model',
  });
}

function listed<T>(what: string, items: readonly T[], show: (item: T) => string = quote): string {
  if (items.length === 0) return '';
  const shown = items.slice(0, 3).map(show).join(', ');
  return `${items.length} ${what} (${shown}${items.length > 3 ? ', …' : ''})`;
}

/** Reads the tensor that a parameter takes, in our layout. */
export async function loadAssigned(file: Pick<TensorSource, 'load'>, { hfName, transpose }: Assignment): Promise<HostArray> {
  const array = await file.load(hfName);
  return transpose ? transposed(array) : array;
}

/**
 * A model's arrays under Hugging Face's names and in its layouts, ready for `writeSafetensors`.
 *
 * @throws `checkpoint` for a name that the map does not know
 */
export function toHfTensors(ours: Iterable<readonly [string, HostArray]>, map: NameMap): Map<string, HostArray> {
  const out = new Map<string, HostArray>();
  for (const [name, array] of ours) {
    const hf: MappedName | undefined = toHf(name, map);
    if (hf === undefined) {
      throw fail('checkpoint', {
        where: 'toHfTensors',
        rule: 'a parameter that the name map knows',
        got: quote(name),
        fix: "Add it to the model's name map",
      });
    }
    out.set(hf.name, hf.transpose ? transposed(array) : array);
  }
  return out;
}
