import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openModel } from '#dist/cli/studio/open-model.node.js';
import { ModelEngine, ModelState } from '#dist/server/index.node.js';
import type { EventOf, Input, Output, RequestName } from '#dist/server/protocol/index.js';

export const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url));

/** A fixture's model behind the engine, without a server. */
export function openFixture(name: string) {
  return openFolder(`${fixtures}${name}`, name);
}

/** The same of a checkpoint anywhere. */
export async function openFolder(path: string, name: string) {
  const state = new ModelState(await openModel(path), {
    model: name,
    name,
    steps: async () => ({ steps: [] }),
    loadStep: async () => {
      throw new Error('a fixture has no steps');
    },
    versions: { headlight: 'of the test' },
    examples: async () => [],
    openOther: async (other) => (await openFolder(join(path, '..', other), other)).state,
    pathOf: () => path,
  });
  const engine = new ModelEngine(state);
  /** One answer, and the events before it. */
  const ask = async <N extends RequestName>(
    request: N,
    input: Input<N>,
    events: EventOf<N>[] = [],
    signal = new AbortController().signal,
  ): Promise<Output<N>> => engine.handle(request, input, { signal, emit: (event) => void events.push(event) });
  return { state, engine, ask, path };
}

/** A folder for files that tests make, inside the package, so that what stands in them may import it by its name. */
export function scratch(): string {
  const folder = fileURLToPath(new URL('../../../dist/test-scratch/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  return folder;
}
