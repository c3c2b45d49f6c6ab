import type { Opened } from '../opened.js';
import { imageSubject } from './image-subject.js';
import type { Subject } from './subject.js';
import { tokenSubject } from './token-subject.js';
import { translationSubject } from './translation-subject.js';

/** What an opened checkpoint is looked into as. */
export function subjectOf(opened: Opened): Subject {
  if (opened.kind === 'image') return imageSubject(opened);
  return opened.kind === 'translation' ? translationSubject(opened) : tokenSubject(opened);
}
