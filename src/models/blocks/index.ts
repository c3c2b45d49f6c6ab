export type { BlockOptions } from './block.js';
export { DecoderBlock, type DecoderBlockInputs } from './decoder-block.js';
export { EncoderBlock, type EncoderBlockInputs } from './encoder-block.js';
export { type DecoderInputs, type Memory, type StackOptions, TransformerDecoder, TransformerEncoder } from './stacks.js';
