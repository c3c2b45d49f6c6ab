import { files } from '#files';
import { readImage } from '../../datasets/index.js';
import { ImageClassifier, type LabelScore } from '../../predict/index.js';
import { openImageCheckpoint } from '../image-checkpoint.js';
import type { CommandIo } from '../io.js';
import type { EngineFlags, FaultFlags } from '../options.js';
import { checkOutputs } from '../output-path.js';

export interface ClassifyImageFlags extends EngineFlags, FaultFlags {
  readonly image: readonly string[];
  readonly top: number;
  readonly json?: boolean;
}

/**
 * Says what images show. JSON: `results`, for each image its `image`, the file, and `labels`, the likeliest first, each with
 * `label`, `index` and `probability`.
 */
export async function classifyImageCommand(folder: string, flags: ClassifyImageFlags, io: CommandIo): Promise<void> {
  const { image: paths, top, check, dumpOnnx, device, threads } = flags;
  await checkOutputs([dumpOnnx], [folder, ...paths]);
  const { model, preprocessing } = await openImageCheckpoint(folder);
  const engine = { ...(device && { device }), ...(threads !== undefined && { threads }) };
  const classifier = new ImageClassifier(model, preprocessing, { ...engine, check: check ?? false });
  const results: { readonly image: string; readonly labels: readonly LabelScore[] }[] = [];
  try {
    for (const [i, path] of paths.entries()) {
      const pixels = await readImage(path);
      if (i === 0 && dumpOnnx !== undefined) await files.writeAtomic(dumpOnnx, classifier.onnx(pixels));
      results.push({ image: path, labels: (await classifier.classify(pixels)).slice(0, top) });
    }
  } finally {
    await classifier.dispose();
  }
  if (flags.json) io.out(`${JSON.stringify({ results })}\n`);
  else for (const { image, labels } of results) io.out(`${image}\n${labels.map(lineOf).join('')}`);
}

function lineOf({ label, probability }: LabelScore): string {
  return `  ${probability.toFixed(4)}  ${label}\n`;
}
