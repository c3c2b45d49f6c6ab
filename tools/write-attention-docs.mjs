// npm run docs:attention: writes docs/attention.md from the declarations of every form, as they are built in dist/.
import { writeFileSync } from 'node:fs';
import { forms } from 'headlightjs/attention';
import { attentionPage } from './attention-page.mjs';

writeFileSync(new URL('../docs/attention.md', import.meta.url), attentionPage(forms));
