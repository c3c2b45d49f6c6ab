import { fail, nearest } from '../../core/index.js';
import type { Module } from '../../nn/index.js';
import { selectSites } from '../../runtime/index.js';
import { parseOneAddress } from '../address.js';
import type { Lens } from '../lens.js';
import { type Intervention, placeWords } from './intervention.js';
import { packInline, unpackWith } from './json-arrays.js';
import { JsonFields, type UnpackArray } from './json-fields.js';
import type { PackArray } from './kind.js';
import { kindOf, kinds } from './kinds.js';
import { nameOf } from './plan.js';

/** Interventions as a file holds them. */
export interface InterventionsJson {
  readonly format: typeof format;
  readonly version: 1;
  /** The shape of every site that is changed, by which a file of another architecture is told. */
  readonly sites: Readonly<Record<string, readonly string[]>>;
  readonly interventions: readonly Readonly<Record<string, unknown>>[];
}

const format = 'headlight-interventions';

/**
 * Interventions as JSON, with all that replaying them takes.
 * @param view of the model they are for @param interventions the view's own by default @param pack how arrays are written; inline by default
 * @throws unsupported: a function, which has no JSON; name: an address that matches no site
 */
export function interventionsToJson<P, M extends Module>(
  view: Lens<P, M>,
  interventions: readonly Intervention[] = view.interventions,
  pack: PackArray = packInline,
): InterventionsJson {
  const known = new Map(view.sites().map(({ name, shape }) => [name, shape]));
  const sites = interventions.flatMap(({ at }) => [...selectSites(known, parseOneAddress(at).glob)]);
  return { format, version: 1, sites: Object.fromEntries(sites), interventions: interventions.map((i) => entryOf(i, pack)) };
}

function entryOf(intervention: Intervention, pack: PackArray): Readonly<Record<string, unknown>> {
  const { kind, at, name } = intervention;
  const words = Object.keys(placeWords).flatMap((word) => {
    const places = intervention[word as keyof typeof placeWords];
    return places === undefined ? [] : [[word, places]];
  });
  const own = kindOf(intervention).toJson?.(intervention, pack);
  if (own !== undefined) return { kind, at, ...(name !== undefined && { name }), ...Object.fromEntries(words), ...own };
  throw fail('unsupported', {
    where: nameOf(intervention),
    rule: 'interventions that are data, to be saved',
    got: 'a function',
    fix: 'Store what it gives by `resample`, or leave it out',
  });
}

/**
 * Interventions from JSON.
 * @param view of the model they are to change @param where what errors call the JSON @param unpack how arrays are read
 * @throws file: what is no such JSON; checkpoint: one of another architecture
 */
export function interventionsFromJson<P, M extends Module>(
  view: Lens<P, M>,
  json: unknown,
  where: string,
  unpack: UnpackArray = unpackWith(new Map()),
): Intervention[] {
  const fields = JsonFields.of(json, where, unpack);
  if (fields.text('format') !== format || fields.number('version') !== 1) {
    throw fail('file', { where, rule: `interventions: format ${format}, version 1`, got: fields.text('format') });
  }
  checkArchitecture(view, fields.object('sites'), where);
  const all = fields.list('interventions').map((entry, i) => readEntry(JsonFields.of(entry, `${where}, interventions[${i}]`, unpack)));
  view.with(all);
  return all;
}

function readEntry(fields: JsonFields): Intervention {
  const kind = fields.text('kind');
  const read = Object.hasOwn(kinds, kind) ? kinds[kind as Intervention['kind']].fromJson : undefined;
  if (read === undefined) {
    const known = Object.keys(kinds).filter((k) => k !== 'function');
    throw fail('file', {
      where: fields.where,
      rule: `a kind of ${known.join(', ')}`,
      got: JSON.stringify(kind),
      fix: `Nearest: ${nearest(kind, known, 1)}`,
    });
  }
  const words = Object.keys(placeWords).flatMap((word) => (fields.has(word) ? [[word, fields.places(word)]] : []));
  const rest = { ...(fields.has('name') && { name: fields.text('name') }), ...Object.fromEntries(words) };
  return { kind, at: fields.text('at'), ...rest, ...read(fields) } as unknown as Intervention;
}

/** A file says which sites it is for, and how large: a model without them, or with others, is another one. */
function checkArchitecture<P, M extends Module>(view: Lens<P, M>, sites: JsonFields, where: string): void {
  const known = new Map(view.sites().map(({ name, shape }) => [name, shape.join()]));
  for (const name of sites.names()) {
    const wanted = sites.list(name).join();
    const found = known.get(name);
    if (found === wanted) continue;
    throw fail('checkpoint', {
      where,
      rule: `a model with the site ${name} of [${wanted}], which the interventions are for`,
      got: found === undefined ? 'a model without it' : `[${found}]`,
      fix: 'Replay them on a model of the same architecture',
    });
  }
}
