import { addition } from './addition.js';
import { brackets } from './brackets.js';
import { copy } from './copy.js';
import { modular } from './modular.js';
import { repeat } from './repeat.js';
import { reverse } from './reverse.js';
import { sort } from './sort.js';
import type { TaskDeclaration } from './task.js';

export type TaskName = 'copy' | 'reverse' | 'sort' | 'addition' | 'modular' | 'repeat' | 'brackets';

/** Tasks without files, by name: what the field uses to study models. */
export const tasks: Readonly<Record<TaskName, TaskDeclaration>> = { copy, reverse, sort, addition, modular, repeat, brackets };
