/** Token ids to learn from, and token ids kept apart to measure on. No window of one reaches into the other. */
export interface TextData {
  readonly train: Int32Array;
  readonly validation: Int32Array;
}
