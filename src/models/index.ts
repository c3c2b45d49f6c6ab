export { GPT2, type GPT2Config } from './gpt2.js';
export { gpt2Buffers, gpt2Names, gpt2Prefix } from './gpt2-names.js';
export type { DecoderState, LanguageModel } from './language-model.js';
