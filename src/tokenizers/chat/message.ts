/** One message of a conversation. */
export interface ChatMessage {
  /** Who speaks: `system`, `user`, `assistant`, or another role that the template knows. */
  readonly role: string;
  readonly content: string;
}
