import { fail, nearest } from '../../core/index.js';
import { type TaskName, tasks } from './registry.js';
import type { Task } from './task.js';

/**
 * A task by name, with the options given; text is read as a flag's value is.
 *
 * @throws name: an unknown task or option; value: an option outside its range
 * @example createTask('sort', { length: 12 }).question(0, 0) // { prompt: '…=', answer: '…' }
 */
export function createTask(name: string, options: Readonly<Record<string, unknown>> = {}): Task {
  if (Object.hasOwn(tasks, name)) return tasks[name as TaskName].create(options);
  // The task that shows induction is called both.
  if (name === 'repeats') return tasks.repeat.create(options);
  const known = Object.keys(tasks);
  throw fail('name', {
    where: 'task',
    rule: `tasks are ${known.join(', ')}`,
    got: JSON.stringify(name),
    fix: `Did you mean ${nearest(name, known, 1)[0]}?`,
  });
}

/**
 * A task written as NAME or NAME:OPTION=VALUE,…; an option alone stands for OPTION=true.
 *
 * @throws name, value: as `createTask`; value: an option given twice
 * @example parseTask('modular:modulus=113,operation=*').context // 4
 */
export function parseTask(text: string): Task {
  const colon = text.indexOf(':');
  const name = (colon < 0 ? text : text.slice(0, colon)).trim();
  const given = new Map<string, string>();
  const parts = colon < 0 ? [] : text.slice(colon + 1).split(',');
  for (const part of parts.map((p) => p.trim()).filter((p) => p !== '')) {
    const [option = '', ...value] = part.split('=').map((p) => p.trim());
    if (given.has(option)) {
      throw fail('value', { where: `task ${name}`, rule: 'each option once', got: `${option} twice`, fix: 'Leave one of them out' });
    }
    given.set(option, value.length === 0 ? 'true' : value.join('='));
  }
  return createTask(name, Object.fromEntries(given));
}

/** Whether an answer is the right one to a prompt of the task: worked out from the prompt's text, not from how it was drawn. */
export function isRightAnswer(task: Task, { prompt, answer }: { readonly prompt: string; readonly answer: string }): boolean {
  return task.solve(prompt) === answer.trim();
}
