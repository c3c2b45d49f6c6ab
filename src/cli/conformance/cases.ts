import { files } from '#files';
import { readSafetensors } from '../../checkpoints/index.js';
import { fail, type HostArray } from '../../core/index.js';

export type AttributeValue = number | string | readonly number[] | readonly string[];

/** One published case of an ONNX operator: arrays in, arrays out. */
export interface ConformanceCase {
  readonly name: string;
  readonly op: string;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** In the operator's order; undefined where an optional input is left out. float16 is widened. */
  readonly inputs: readonly (HostArray | undefined)[];
  /** In the operator's order; undefined where an output is not asked for. */
  readonly outputs: readonly (HostArray | undefined)[];
  /** Whether any array of the case is stored as float16 or bfloat16, whose rounding the result carries. */
  readonly half: boolean;
}

/** Files of one operator: `OP.json` lists cases, `OP.safetensors` holds arrays as `CASE/in/NAME` and `CASE/out/NAME`. */
export interface OperatorFile {
  readonly json: string;
  readonly arrays: string;
}

interface Listed {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeValue>> | null;
}

/** @throws file: no pair OP.json and OP.safetensors in the folder */
export async function operatorFiles(folder: string): Promise<readonly OperatorFile[]> {
  const entries = new Set((await files.list(folder)) ?? []);
  const found = [...entries].filter((e) => e.endsWith('.json') && entries.has(e.replace(/\.json$/, '.safetensors'))).sort();
  if (found.length === 0) {
    throw fail('file', {
      where: folder,
      rule: 'a folder with OP.json and OP.safetensors side by side',
      got: `${entries.size} other entries`,
    });
  }
  return found.map((json) => ({ json: `${folder}/${json}`, arrays: `${folder}/${json.replace(/\.json$/, '.safetensors')}` }));
}

/** @throws file: a list that is not one of cases, or arrays that are missing */
export async function readCases({ json, arrays }: OperatorFile): Promise<readonly ConformanceCase[]> {
  const listed = parseList(await files.readText(json), json);
  const file = await readSafetensors(arrays);
  try {
    const cases: ConformanceCase[] = [];
    for (const { name, op, inputs, outputs, attributes } of listed) {
      let half = false;
      const load = async (side: 'in' | 'out', names: readonly string[]): Promise<readonly (HostArray | undefined)[]> => {
        const loaded: (HostArray | undefined)[] = [];
        for (const key of names) {
          if (key !== '') half ||= file.info(`${name}/${side}/${key}`).dtype.endsWith('F16');
          loaded.push(key === '' ? undefined : await file.load(`${name}/${side}/${key}`));
        }
        return loaded;
      };
      const given = await load('in', inputs);
      cases.push({ name, op, attributes: attributes ?? {}, inputs: given, outputs: await load('out', outputs), half });
    }
    return cases;
  } finally {
    await file.close();
  }
}

function parseList(text: string, where: string): readonly Listed[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw fail('file', { where, rule: 'a JSON list of cases', got: (error as Error).message });
  }
  const isNames = (x: unknown): boolean => Array.isArray(x) && x.every((name) => typeof name === 'string');
  const isCase = (c: unknown): boolean => {
    const { name, op, inputs, outputs } = (c ?? {}) as Partial<Listed>;
    return typeof name === 'string' && typeof op === 'string' && isNames(inputs) && isNames(outputs);
  };
  if (!Array.isArray(value) || !value.every(isCase)) {
    throw fail('file', { where, rule: 'a JSON list of cases with name, op, inputs and outputs', got: 'another form' });
  }
  return value as readonly Listed[];
}
