import type { App } from '../state/app.svelte.js';
import { ui } from '../state/ui.svelte.js';
import { WEIGHT_STEP } from '../state/weight-drag.svelte.js';
import type { Command } from './commands.js';

const MOVES: Readonly<Record<string, readonly [rows: number, columns: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** Keys of the whole page: commands by their key, arrows where nothing else takes them. */
export function keyHandler(app: App, commands: () => readonly Command[]): (event: KeyboardEvent) => void {
  return (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || ui.dialog !== undefined) return;
    if (isWriting(event.target)) {
      if (event.key === 'Escape') (event.target as HTMLElement).blur();
      return;
    }
    const move = MOVES[event.key];
    if (event.altKey) {
      // Alt with an arrow up or down moves the chosen weight; what else Alt does is the browser's.
      if (!move || move[0] === 0 || !app.drag.isPossible) return;
      app.drag.nudge(-move[0] * WEIGHT_STEP);
      event.preventDefault();
      return;
    }
    const command = commands().find(({ key }) => key !== undefined && (key === event.key || key === event.key.toLowerCase()));
    if (move && event.target === document.body && app.look.shown) app.look.moveCell(move[0], move[1]);
    else if (command) command.run();
    else return;
    event.preventDefault();
  };
}

function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'range', 'button', 'file'].includes(target.type);
  return target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}
