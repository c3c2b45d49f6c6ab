/** The numbers of `tokenizer.ggml.token_type`, which are SentencePiece's. */
export const tokenType = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;
