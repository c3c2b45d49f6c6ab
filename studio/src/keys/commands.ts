import type { Words } from '../i18n/en.js';
import type { App } from '../state/app.svelte.js';
import type { View } from '../state/place.js';
import { settings } from '../state/settings.svelte.js';
import { attentionName } from '../state/shown.js';
import { ui } from '../state/ui.svelte.js';
import { WEIGHT_STEP } from '../state/weight-drag.svelte.js';
import { cutCell, headOff } from '../views/change/quick.js';

/** Something that can be done: by its name in the palette, and most by a key. */
export interface Command {
  readonly name: string;
  /** As they are shown. */
  readonly keys?: readonly string[];
  /** `KeyboardEvent.key`, where one does it. */
  readonly key?: string;
  run(): void;
}

/** Everything that can be done now. */
export function commandsOf(app: App, words: Words): Command[] {
  const { place } = app;
  const has = app.subject.model !== undefined && place.view !== 'train';
  const looking: Command[] = [
    { name: words.keys.prompt, keys: ['I'], key: 'i', run: () => document.getElementById('prompt')?.focus() },
    { name: words.previousHead.replace(/ \(.*\)/, ''), keys: ['['], key: '[', run: () => app.look.moveHead(-1) },
    { name: words.nextHead.replace(/ \(.*\)/, ''), keys: [']'], key: ']', run: () => app.look.moveHead(1) },
    { name: words.previousLayer.replace(/ \(.*\)/, ''), keys: ['{'], key: '{', run: () => app.look.moveLayer(-1) },
    { name: words.nextLayer.replace(/ \(.*\)/, ''), keys: ['}'], key: '}', run: () => app.look.moveLayer(1) },
    { name: words.forms.matrix, keys: ['1'], key: '1', run: () => app.go({ form: 'matrix' }) },
    { name: words.forms.arcs, keys: ['2'], key: '2', run: () => app.go({ form: 'arcs' }) },
    { name: words.forms.text, keys: ['3'], key: '3', run: () => app.go({ form: 'text' }) },
    { name: words.keys.value, keys: ['S'], key: 's', run: () => app.go({ value: place.value === 'pattern' ? 'scores' : 'pattern' }) },
    { name: words.keys.flip, keys: ['D'], key: 'd', run: () => app.look.flip() },
    { name: words.asTable, keys: ['T'], key: 't', run: () => app.go({ asTable: !place.asTable }) },
    { name: words.whyTitle, keys: ['Enter'], run: () => app.look.why() },
    { name: words.weightUp, keys: ['Alt', '↑'], run: () => app.drag.nudge(WEIGHT_STEP) },
    { name: words.weightDown, keys: ['Alt', '↓'], run: () => app.drag.nudge(-WEIGHT_STEP) },
    { name: words.cut, keys: ['X'], key: 'x', run: () => cutCell(app) },
    { name: words.headOff, keys: ['O'], key: 'o', run: () => headOff(app, 'zero') },
    { name: words.undo, keys: ['Z'], key: 'z', run: () => app.undo() },
    { name: words.redo, keys: ['Y'], key: 'y', run: () => app.changes.redo() },
  ];
  const views: Command[] = (['read', 'heads', 'compare', 'train'] as View[]).map((view) => ({
    name: `${words.views[view]}: ${words.viewHints[view]}`,
    run: () => app.where.show(view),
  }));
  const rest: Command[] = [
    ...(app.look.shown || app.training.curves ? [{ name: words.keepTitle, keys: ['E'], key: 'e', run: () => ui.open('keep') }] : []),
    { name: words.commands, keys: ['/'], key: '/', run: () => ui.open('palette') },
    { name: words.keysTitle, keys: ['?'], key: '?', run: () => ui.open('keys') },
    { name: words.themeHint, run: () => settings.useTheme(settings.colours === 'dark' ? 'light' : 'dark') },
    { name: words.languageHint, run: () => settings.useLanguage(settings.language === 'en' ? 'zh' : 'en') },
  ];
  return [...(has ? looking : []), ...views, ...rest, ...(has ? heads(app, words) : [])];
}

/** A command for each head, so that the palette finds it. */
function heads(app: App, words: Words): Command[] {
  return (app.subject.model?.attention ?? []).flatMap((attention) => {
    const { layer, heads } = attention;
    const name = attentionName(attention, words);
    return Array.from({ length: heads }, (_, head) => ({ name: words.layerHead(name, head), run: () => app.go({ layer, head }) }));
  });
}
