import type { App } from '../../state/app.svelte.js';

/** The stream after the block of the chosen attention, where the model has it. */
export function streamSite(app: App): string | undefined {
  const block = /^.*?\.\d+/.exec(app.look.attention?.path ?? '')?.[0];
  return app.subject.model?.sites.find(({ name }) => name === `${block}.residual.post`)?.name;
}
