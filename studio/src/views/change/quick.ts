import type { App } from '../../state/app.svelte.js';

/** What the change buttons ask the engine for; each becomes a chip. */

export function cutCell(app: App, renormalise = true): void {
  const { run } = app.subject;
  if (!run || app.look.isMasked || app.place.view !== 'read') return;
  app.look.keepCell();
  const { layer, head, query, key } = app.look;
  void app.changes.propose(app.session.client.ask('change.cut', { run: run.run, layer, head, edges: [[query, key]], renormalise }));
}

export function headOff(app: App, how: 'zero' | 'mean'): void {
  const { run } = app.subject;
  if (!run || app.place.view !== 'read') return;
  const { layer, head } = app.look;
  void app.changes.propose(app.session.client.ask('change.ablate', { run: run.run, what: 'head', layer, head, with: how }));
}

export function siteOff(app: App, at: string, how: 'zero' | 'mean'): void {
  const { run } = app.subject;
  if (!run) return;
  void app.changes.propose(app.session.client.ask('change.ablate', { run: run.run, what: 'site', at, with: how }));
}
