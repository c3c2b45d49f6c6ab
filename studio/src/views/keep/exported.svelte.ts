import type { Scene } from '../../scenes/scene.js';

/** What a view can be kept as. */
export interface Offer {
  readonly scene: () => Scene | undefined;
  /** Its numbers, where they are not those of the chosen head. */
  readonly numbers?: () => unknown;
}

/** The view before us: the one that is mounted offers itself. */
class Exported {
  #offer: Offer | undefined;

  /** Offers a view while it is there; returns what ends that. */
  offer(scene: Offer['scene'], numbers?: Offer['numbers']): () => void {
    const offer: Offer = { scene, ...(numbers ? { numbers } : {}) };
    this.#offer = offer;
    return () => {
      if (this.#offer === offer) this.#offer = undefined;
    };
  }

  get scene(): Scene | undefined {
    return this.#offer?.scene();
  }

  get numbers(): (() => unknown) | undefined {
    return this.#offer?.numbers;
  }
}

export const exported = new Exported();
