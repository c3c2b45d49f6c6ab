export { GPT2, type GPT2Config } from './gpt2.js';
export type { DecoderState, LanguageModel } from './language-model.js';
