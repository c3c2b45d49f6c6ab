/**
 * One line of a model's table of names: `{ hf: 'h.{i}.attn.c_attn.weight', ours: 'blocks.{i}.attention.qkv.weight' }`.
 * `{i}` (any letter) stands for a number, the same on both sides.
 */
export interface NameRule {
  readonly hf: string;
  readonly ours: string;
  /** The two layouts are each other's transpose. */
  readonly transpose?: boolean;
}

/** A model's Hugging Face names as data; the first rule that fits counts. */
export type NameMap = readonly NameRule[];

/** The name on the other side, and whether the array must be transposed on the way. */
export interface MappedName {
  readonly name: string;
  readonly transpose: boolean;
}

type Side = 'hf' | 'ours';

interface CompiledRule {
  readonly rule: NameRule;
  readonly pattern: Readonly<Record<Side, RegExp>>;
}

/** Maps are constants of models, so each is compiled once. */
const compiled = new WeakMap<NameMap, readonly CompiledRule[]>();

function compile(map: NameMap): readonly CompiledRule[] {
  let rules = compiled.get(map);
  if (rules === undefined) {
    rules = map.map((rule) => ({ rule, pattern: { hf: patternOf(rule.hf), ours: patternOf(rule.ours) } }));
    compiled.set(map, rules);
  }
  return rules;
}

/** `{i}` becomes a named group of digits without leading zeros, so that one number has one spelling. */
function patternOf(template: string): RegExp {
  const source = template.split(/(\{[a-z]\})/).map((part, k) => {
    const letter = part[1];
    return k % 2 === 1 ? `(?<${letter}>0|[1-9]\\d*)` : part.replace(/[\\^$.*|?+()[\]{}]/g, '\\$&');
  });
  return new RegExp(`^${source.join('')}$`);
}

function translate(name: string, map: NameMap, from: Side, to: Side): MappedName | undefined {
  for (const { rule, pattern } of compile(map)) {
    const numbers = pattern[from].exec(name);
    if (numbers === null) continue;
    const translated = rule[to].replace(/\{([a-z])\}/g, (whole, letter: string) => numbers.groups?.[letter] ?? whole);
    return { name: translated, transpose: rule.transpose ?? false };
  }
  return undefined;
}

/**
 * Our name for a Hugging Face name; `undefined` for a name the map does not know.
 *
 * @param optionalPrefix such as `transformer.`: names fit with it and without it, whichever way the map writes them
 */
export function toOurs(hfName: string, map: NameMap, optionalPrefix = ''): MappedName | undefined {
  const exact = translate(hfName, map, 'hf', 'ours');
  if (exact !== undefined || optionalPrefix === '') return exact;
  const other = hfName.startsWith(optionalPrefix) ? hfName.slice(optionalPrefix.length) : optionalPrefix + hfName;
  return translate(other, map, 'hf', 'ours');
}

/** The Hugging Face name for ours; `undefined` for a name the map does not know. */
export function toHf(ourName: string, map: NameMap): MappedName | undefined {
  return translate(ourName, map, 'ours', 'hf');
}
