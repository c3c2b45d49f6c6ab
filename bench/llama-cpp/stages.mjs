// What a start consists of, by a profile of V8's: whose turn it was when a sample was taken.

/** Node's own function that loads one. */
const library = 'Module._extensions..node';
const prompt = 'reading the prompt, the first token';

/** Stages, in their order, and the functions whose work they are; of those on the stack, the innermost counts. */
/** @type {readonly (readonly [string, readonly string[]])[]} */
const stages = [
  ['tokenizer: reading, and the prompt', ['loadTokenizer', 'tokenizerFromJson', 'encode']],
  ['checkpoint: opening, building the model', ['openCheckpoint', 'openFolder', 'loadFrom', 'loadWeights', 'storeWeights']],
  ['tracing', ['decoderProgram']],
  ['passes over the graph', ['optimize', 'mergeNeighbours', 'readAsStored']],
  ['lowering to ONNX, and checking it', ['lower', 'checkModel']],
  ['writing the ONNX bytes', ['encodeModel']],
  ["the engine's library", ['initOrt', library]],
  ['the session: weights laid out', ['OnnxruntimeSessionHandler']],
  [prompt, ['KeyValueCache', 'append', 'write']],
];

export const first = 'Node, and loading modules';
export const last = 'garbage collection';
export const stageNames = [first, ...stages.map(([name]) => name), last];
const stageOf = new Map(stages.flatMap(([name, functions]) => functions.map((f) => /** @type {const} */ ([f, name]))));

/** @typedef {{ id: number, callFrame: { functionName: string, url: string }, children?: number[] }} ProfileNode */
/** @typedef {{ nodes: ProfileNode[], samples: number[], timeDeltas: number[], startTime: number, endTime: number }} CpuProfile */

/**
 * Milliseconds of each stage. What belongs to none counts to the stage before it, or to the beginning.
 * @param {CpuProfile} profile
 * @returns {Record<string, number>}
 */
export function stageTimes({ nodes, samples, timeDeltas }) {
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => /** @type {const} */ ([child, id]))));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  /** @type {Map<number, string | undefined>} */
  const known = new Map();
  const stage = (/** @type {number} */ id) => {
    if (!known.has(id)) known.set(id, find(id));
    return known.get(id);
  };
  const find = (/** @type {number | undefined} */ id) => {
    for (let at = id; at !== undefined; at = parents.get(at)) {
      const { functionName, url } = /** @type {ProfileNode} */ (byId.get(at)).callFrame;
      if (functionName === '(garbage collector)') return last;
      const isOurs = url !== '' && (!url.startsWith('node:') || functionName === library);
      const name = isOurs ? stageOf.get(functionName) : undefined;
      if (name !== undefined) return name;
      // A run of the engine has no name.
      if (url.endsWith('onnxruntime-node/dist/backend.js')) return prompt;
    }
    return undefined;
  };
  const times = Object.fromEntries(stageNames.map((name) => [name, 0]));
  let current = first;
  samples.forEach((id, i) => {
    const found = stage(id);
    if (found !== undefined && found !== last) current = found;
    times[found ?? current] = (times[found ?? current] ?? 0) + (timeDeltas[i] ?? 0) / 1000;
  });
  return times;
}
