export { ChatTemplate, type ChatTemplateOptions, type RenderOptions } from './chat-template.js';
export { chatml } from './chatml.js';
export { chatTemplateFile, loadChatTemplate, specialTokensOf } from './load-chat-template.js';
export type { ChatMessage } from './message.js';
