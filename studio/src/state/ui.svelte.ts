/** What is open on the page: of no address, and of no model. */
class Ui {
  dialog = $state<'palette' | 'keep' | 'keys' | undefined>(undefined);
  /** What had the focus before a dialog opened. */
  #before: HTMLElement | undefined;

  open(dialog: 'palette' | 'keep' | 'keys'): void {
    if (document.activeElement instanceof HTMLElement) this.#before = document.activeElement;
    this.dialog = dialog;
  }

  close(): void {
    this.dialog = undefined;
    this.#before?.focus();
    this.#before = undefined;
  }
}

export const ui = new Ui();
