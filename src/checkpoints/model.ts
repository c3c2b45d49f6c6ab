import { files } from '#files';
import { fail, HostArray } from '../core/index.js';
import type { LanguageModel } from '../models/index.js';
import { type Architecture, architectureList, architectureOf, architectures } from './architectures/index.js';
import { readConfig } from './config.js';
import { checkReport, loadAssigned, matchCheckpoint, toHfTensors } from './match.js';
import { readSafetensors } from './safetensors.js';
import { writeSafetensors } from './safetensors-write.js';

const weightsFile = 'model.safetensors';

/**
 * The model in a folder of Hugging Face's layout: `config.json` and `model.safetensors`, ours or anyone's.
 * @throws file: missing or broken files; checkpoint: tensors that do not fit, each named; unsupported: another architecture
 */
export async function loadModel(folder: string): Promise<LanguageModel> {
  const { kind } = await files.stat(folder);
  if (kind !== 'folder') {
    throw fail('file', {
      where: folder,
      rule: 'a checkpoint folder, with config.json and model.safetensors',
      got: kind === 'file' ? 'a file' : 'no such folder',
    });
  }
  const config = await readConfig(folder);
  const architecture = architectureOf(config.values.model_type, config.path);
  const { model, ignore, tied } = architecture.read(config);
  await loadWeights(model, files.join(folder, weightsFile), architecture, ignore, tied);
  return model;
}

async function loadWeights(
  model: LanguageModel,
  path: string,
  architecture: Architecture,
  ignore: readonly string[],
  tied: Readonly<Record<string, string>>,
): Promise<void> {
  const file = await readSafetensors(path);
  try {
    const parameters = model.parameters();
    const expected = new Map([...parameters].map(([name, p]) => [name, p.shape] as const));
    const report = matchCheckpoint({ expected, file, map: architecture.names, ignore, tied, optionalPrefix: architecture.optionalPrefix });
    checkReport(report, path);
    for (const [name, parameter] of parameters) {
      const assignment = report.assign.get(name);
      if (assignment !== undefined) parameter.value = await loadAssigned(file, assignment);
    }
  } finally {
    await file.close();
  }
}

/**
 * Writes a model as a folder in Hugging Face's layout: Python's transformers opens it as it is where the architecture is
 * published; others keep our names, in files of the same formats. Each file is whole or not there.
 * @throws unsupported: a model of an architecture that checkpoints cannot hold
 */
export async function saveModel(folder: string, model: LanguageModel): Promise<void> {
  for (const architecture of architectures) {
    const config = architecture.write(model);
    if (config === undefined) continue;
    const ours: [string, HostArray][] = [...model.parameters()].map(([name, p]) => [name, p.value]);
    for (const { name, shape, value } of architecture.complete(model)) {
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value);
      ours.push([name, new HostArray(data, shape, 'float32')]);
    }
    await writeSafetensors(files.join(folder, weightsFile), toHfTensors(ours, architecture.names), { format: 'pt' });
    await files.writeAtomic(files.join(folder, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
    await files.writeAtomic(files.join(folder, 'generation_config.json'), `${JSON.stringify({ do_sample: true }, null, 2)}\n`);
    return;
  }
  throw fail('unsupported', {
    where: folder,
    rule: `a model of an architecture that checkpoints can hold: ${architectureList()}`,
    got: Object.getPrototypeOf(model)?.constructor?.name ?? 'another object',
    fix: "Save its parameters with writeSafetensors from 'headlightjs/checkpoints'",
  });
}
