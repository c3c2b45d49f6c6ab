import type { Opened } from '../opened.js';
import { imageSubject } from './image-subject.js';
import type { Subject } from './subject.js';
import { tokenSubject } from './token-subject.js';

/** What an opened checkpoint is looked into as. */
export function subjectOf(opened: Opened): Subject {
  return opened.kind === 'image' ? imageSubject(opened) : tokenSubject(opened);
}
