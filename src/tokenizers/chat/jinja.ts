import * as library from '@huggingface/jinja';

/** A value of a template, as the library's interpreter passes it. */
export interface JinjaValue {
  readonly type: string;
  readonly value: unknown;
}

/** A part of a parsed template. */
interface JinjaNode {
  readonly type: string;
}

interface JinjaEnvironment {
  /** Declares a variable: plain data, or a function over plain data. */
  set(name: string, value: unknown): unknown;
}

interface JinjaInterpreter {
  run(program: JinjaNode): JinjaValue;
  /** Evaluates a part; the interpreter calls it for every part within. */
  evaluate(part: JinjaNode | undefined, environment: JinjaEnvironment): JinjaValue;
}

/** What we use of the library. Its own declarations import without file endings, so TypeScript finds no types in them here. */
const { Environment, Interpreter, Template } = library as unknown as {
  Environment: new () => JinjaEnvironment;
  Interpreter: new (environment: JinjaEnvironment) => JinjaInterpreter;
  Template: new (source: string) => { readonly parsed: JinjaNode };
};

/** Far above the templates there are (the longest have some 20,000), so that parsing stays quick. */
const mostCharacters = 262_144;
/** The parser looks for the ends of runs of spaces from each of them: a run of n costs n² steps. */
const mostSpaces = 1000;
/** Evaluated parts. A conversation of 1,000 messages takes some 50,000 of them. */
const mostSteps = 500_000;
/** Characters of one text. Each is made of such texts, so that none is much longer on the way. */
const mostText = 4_194_304;
/** Items of one list; a loop makes a scope of some hundred bytes for each. */
const mostItems = 131_072;

/** A limit that no honest template comes near. */
export class BeyondLimit extends Error {}

/** The library's interpreter, counting: a template has no endless loop, but nested ones, recursion, and doubled strings. */
class LimitedInterpreter extends Interpreter {
  #steps = 0;

  override evaluate(part: JinjaNode | undefined, environment: JinjaEnvironment): JinjaValue {
    this.#steps++;
    if (this.#steps > mostSteps) throw new BeyondLimit(`more than ${mostSteps} steps`);
    const result = super.evaluate(part, environment);
    const { value } = result;
    if (typeof value === 'string' && value.length > mostText) throw new BeyondLimit(`a text of more than ${mostText} characters`);
    if (Array.isArray(value) && value.length > mostItems) throw new BeyondLimit(`a list of more than ${mostItems} items`);
    return result;
  }
}

/** Parses a template. @throws `Error` of any kind for what is none */
export function parseJinja(source: string): JinjaNode {
  if (source.length > mostCharacters) throw new BeyondLimit(`${source.length} characters, more than ${mostCharacters}`);
  if (new RegExp(`\\s{${mostSpaces}}`).test(source)) throw new BeyondLimit(`a run of ${mostSpaces} spaces`);
  return new Template(source).parsed;
}

/**
 * Renders a parsed template.
 * @param variables plain data, and functions over plain data
 * @throws `Error` of any kind for a template that fails; `BeyondLimit` for one without end or measure
 */
export function renderJinja(program: JinjaNode, variables: Readonly<Record<string, unknown>>): string {
  const environment = new Environment();
  const constants = { true: true, false: false, none: null, True: true, False: false, None: null, range };
  for (const [name, value] of Object.entries({ ...constants, ...variables })) environment.set(name, value);
  return String(new LimitedInterpreter(environment).run(program).value);
}

/** Python's `range`, which would make a list of any length at once. */
function range(...given: readonly unknown[]): number[] {
  const numbers = given.map((n) => (Number.isInteger(n) ? (n as number) : Number.NaN));
  const [start, stop, step] = numbers.length < 2 ? [0, numbers[0] ?? Number.NaN, 1] : [numbers[0], numbers[1], numbers[2] ?? 1];
  const count = Math.max(0, Math.ceil(((stop ?? 0) - (start ?? 0)) / (step ?? 1)));
  if (Number.isNaN(count) || step === 0) throw new Error('range takes whole numbers and a step other than 0');
  if (count > mostItems) throw new BeyondLimit(`a range of ${count} numbers`);
  return Array.from({ length: count }, (_, i) => (start ?? 0) + i * (step ?? 1));
}
