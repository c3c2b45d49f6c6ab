import type { App } from '../../state/app.svelte.js';

/** What the change buttons ask the engine for; each becomes a chip. */

/** The cell stays chosen, also where it no longer is the strongest of its row. */
function keepCell(app: App): void {
  app.go({ query: app.query, key: app.key });
}

export function cutCell(app: App, renormalise = true): void {
  const { run } = app;
  if (!run || app.isMasked || app.place.view !== 'read') return;
  keepCell(app);
  void app.propose(
    app.session.client.ask('change.cut', { run: run.run, layer: app.layer, head: app.head, edges: [[app.query, app.key]], renormalise }),
  );
}

export function setWeight(app: App, weight: number): void {
  const { run } = app;
  if (!run) return;
  const { layer, head, query, key } = app;
  keepCell(app);
  void app.propose(app.session.client.ask('change.weight', { run: run.run, layer, head, query, key, weight }));
}

export function headOff(app: App, how: 'zero' | 'mean'): void {
  const { run } = app;
  if (!run || app.place.view !== 'read') return;
  void app.propose(app.session.client.ask('change.ablate', { run: run.run, what: 'head', layer: app.layer, head: app.head, with: how }));
}

export function siteOff(app: App, at: string, how: 'zero' | 'mean'): void {
  const { run } = app;
  if (!run) return;
  void app.propose(app.session.client.ask('change.ablate', { run: run.run, what: 'site', at, with: how }));
}
