import type { Address } from '#dist/server/protocol/index.js';
import { readAddress, writeAddress } from './address.js';
import { type Place, START, type View } from './place.js';

/** Where a person is on the page, and the address that says it. */
export class Whereabouts {
  place = $state.raw<Place>(START);

  constructor() {
    this.restore();
  }

  /** Goes to where the address says. */
  restore(): void {
    this.place = readAddress(location.hash);
  }

  go(change: Partial<Place>): void {
    this.place = { ...this.place, ...change };
  }

  show(view: View): void {
    if (view === this.place.view) return;
    // A view is a place of its own for the browser's way back; smaller moves replace it.
    history.pushState(null, '', `#${writeAddress(this.place)}`);
    this.go({ view, pane: view === 'compare' && this.place.pane === 'why' ? 'next' : this.place.pane });
  }

  /** Asks why a number is what it is. */
  why(address: Address): void {
    this.go({ why: [address], pane: 'why' });
  }

  /** Asks the same of an operand. */
  follow(address: Address): void {
    this.go({ why: [...this.place.why, address], pane: 'why' });
  }

  /** Writes the address a little later than the place changes; returns what calls that off. */
  writeLater(): () => void {
    const { place } = this;
    const later = setTimeout(() => {
      const hash = `#${writeAddress(place)}`;
      if (location.hash !== hash) history.replaceState(null, '', hash);
    }, 150);
    return () => clearTimeout(later);
  }
}
