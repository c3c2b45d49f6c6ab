import { interventionsToJson } from '../../../lens/index.js';
import { lensInterventions } from '../change/interventions.js';
import type { Handlers } from '../handler.js';
import type { ModelState } from '../model-state.js';
import type { Run } from '../run/run.js';
import { codeOf } from './code.js';
import { explain } from './explain.js';
import { Scene } from './scene.js';
import { sliceOfStrip } from './strip.js';

/** Why a number is what it is. */
export function explainHandlers(state: ModelState): Handlers<'explain' | 'explain.code' | 'explain.strip'> {
  const scenes = new WeakMap<Run, Scene>();
  const sceneOf = (key: string): Scene => {
    const run = state.runOf(key);
    const known = scenes.get(run) ?? new Scene(run);
    scenes.set(run, known);
    return known;
  };
  return {
    explain: ({ run, address }) => explain(sceneOf(run), address),
    'explain.code': async ({ run, address }) => {
      const scene = sceneOf(run);
      const { prompt, step } = scene.run.spec;
      const { kind } = state.opened;
      const shown = prompt.kind === 'text' ? prompt.text : prompt.kind === 'translation' ? prompt.source : prompt.kind;
      const changes = scene.run.spec.changes ?? [];
      const json = changes.length === 0 ? undefined : JSON.stringify(interventionsToJson(state.lensView(), lensInterventions(changes)));
      return { code: await codeOf(scene, address, { path: state.place.pathOf(step), kind, prompt: shown, changes: json }) };
    },
    'explain.strip': ({ run, address }) => sliceOfStrip(sceneOf(run), address),
  };
}
