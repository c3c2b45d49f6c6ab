import type { App } from '../state/app.svelte.js';
import { ui } from '../state/ui.svelte.js';
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
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || ui.dialog !== undefined) return;
    if (isWriting(event.target)) {
      if (event.key === 'Escape') (event.target as HTMLElement).blur();
      return;
    }
    const move = MOVES[event.key];
    const command = commands().find(({ key }) => key !== undefined && (key === event.key || key === event.key.toLowerCase()));
    if (move && event.target === document.body && app.shown) app.moveCell(move[0], move[1]);
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
