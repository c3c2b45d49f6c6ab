// The process that owns one model of the studio.
import { readdir, readFile, realpath } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { loadModel } from '../../checkpoints/index.js';
import { fail } from '../../core/index.js';
import {
  checkLinks,
  type FromWorker,
  ModelEngine,
  ModelState,
  type Place,
  StudioFolder,
  serveEngine,
  type ToWorker,
} from '../../server/index.node.js';
import { packageVersion } from '../version.node.js';
import { examplesOf } from './examples.js';
import { openModel } from './open-model.node.js';

const given = JSON.parse(process.argv[2] ?? '{}') as { root: string; model: string; path: string };

/** A model of the opened folder, and where it stands there. */
async function stateOf(root: string, model: string, path: string): Promise<ModelState> {
  const pathOf = (step: number | undefined): string => (step === undefined ? path : join(path, 'checkpoints', `step-${step}`));
  const place: Place = {
    model,
    name: model === '.' ? basename(root) : model,
    async steps() {
      const names = await readdir(join(path, 'checkpoints')).catch(() => []);
      const steps = names.flatMap((name) => /^step-(\d+)$/.exec(name)?.[1] ?? []).map(Number);
      const now = await readFile(join(path, 'trainer.json'), 'utf8')
        .then((text) => (JSON.parse(text) as { step?: number }).step)
        .catch(() => undefined);
      return { steps: steps.sort((a, b) => a - b), ...(Number.isInteger(now) && { now: now as number }) };
    },
    versions: { headlight: packageVersion(), node: process.version },
    pathOf,
    examples: () => examplesOf(path),
    async loadStep(step) {
      const folder = pathOf(step);
      if (relative(await realpath(root), await realpath(folder)).startsWith('..'))
        throw fail('file', { where: `step-${step}`, rule: 'a checkpoint inside the opened folder', got: 'a link that leads outside' });
      await checkLinks(root, folder);
      return loadModel(folder);
    },
    openOther: async (other) => stateOf(root, other, await (await StudioFolder.open(root)).modelPath(other)),
  };
  return new ModelState(await openModel(path), place);
}

const answer = serveEngine(
  async () => new ModelEngine(await stateOf(given.root, given.model, given.path)),
  (message: FromWorker) => void process.send?.(message),
);
process.on('message', (message) => answer(message as ToWorker));
// The server is gone: nobody will ask again.
process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches every process of the terminal; the server ends this one when it has answered.
process.on('SIGINT', () => {});
