import { tick } from 'svelte';
import type { RunSpec } from '#dist/server/protocol/index.js';
import { Changes } from './changes.svelte.js';
import type { Client } from './client.js';
import { Comparing } from './comparing.svelte.js';
import { Explaining } from './explaining.svelte.js';
import { Look } from './look.svelte.js';
import type { Place } from './place.js';
import { Prediction } from './prediction.svelte.js';
import { Reading } from './reading.svelte.js';
import { Scoring } from './scoring.svelte.js';
import { Session } from './session.svelte.js';
import { Subject } from './subject.svelte.js';
import { Training } from './training.svelte.js';
import { WeightDrag } from './weight-drag.svelte.js';
import { Whereabouts } from './whereabouts.svelte.js';

/** The page's state, put together: what each part asks the engine for as a person goes about. */
export class App {
  readonly session: Session;
  readonly where: Whereabouts;
  readonly changes: Changes;
  readonly subject: Subject;
  readonly look: Look;
  readonly drag: WeightDrag;
  readonly reading: Reading;
  readonly prediction: Prediction;
  readonly explaining: Explaining;
  readonly comparing: Comparing;
  readonly scoring: Scoring;
  readonly training: Training;

  constructor(client: Client) {
    this.session = new Session(client);
    this.where = new Whereabouts();
    this.changes = new Changes(this.session, this.where);
    this.subject = new Subject(this.session, this.where, this.changes);
    this.reading = new Reading(this.session);
    this.prediction = new Prediction(this.session);
    this.explaining = new Explaining(this.session);
    this.comparing = new Comparing(this.session);
    this.scoring = new Scoring(this.session);
    this.training = new Training(this.session);
    this.session.renew = () => this.subject.renew();
    this.look = new Look(this.where, this.subject, this.comparing, this.reading);
    this.drag = new WeightDrag(this.session, this.where, this.subject, this.look, this.changes, () => this.#settled());
  }

  get place(): Place {
    return this.where.place;
  }

  go(change: Partial<Place>): void {
    this.where.go(change);
  }

  /** Opens another model, or another moment of a run: it begins without changes. */
  open(change: Partial<Place>): void {
    const { model } = this.subject;
    // An example of one model is no text for another, which has its own.
    const isExample = change.model !== model?.model && (model?.examples.includes(this.place.text) ?? false);
    this.where.go({ ...change, ...(isExample ? { text: '' } : {}), why: [], changes: [] });
    this.changes.restart();
  }

  /** Goes to where the address says. */
  restore(): void {
    this.where.restore();
    this.changes.restart();
  }

  /** Asks for everything the place needs, now and whenever it changes; returns what ends it. */
  start(): () => void {
    // A first greeting that fails is told in place of the model.
    this.session.greet().catch(() => {});
    return $effect.root(() => {
      $effect(() => this.subject.load());
      $effect(() => this.subject.ask());
      $effect(() => this.#compare());
      $effect(() => this.#thumbnails());
      $effect(() => this.#line());
      $effect(() => this.#next());
      $effect(() => this.#explain());
      $effect(() => this.where.writeLater());
    });
  }

  // Parts of the place that cause requests: a derived value that stays the same asks for nothing anew.
  readonly #view = $derived.by(() => this.place.view);
  readonly #text = $derived.by(() => this.place.text);
  readonly #along = $derived.by(() => this.place.along);
  readonly #why = $derived.by(() => (this.place.pane === 'why' ? this.place.why.at(-1) : undefined));
  readonly #temperature = $derived.by(() => this.place.temperature);
  readonly #topK = $derived.by(() => this.place.topK);
  readonly #topP = $derived.by(() => this.place.topP);
  readonly #otherText = $derived.by(() => this.place.otherText);
  readonly #otherModel = $derived.by(() => this.place.otherModel);
  readonly #otherStep = $derived.by(() => this.place.otherStep);
  /** The position that what comes next is asked after; undefined: the last. */
  readonly #nextAfter = $derived.by(() => {
    const { run, model } = this.subject;
    return run && (this.place.nextAfterQuery || model?.kind === 'encoder') ? Math.min(this.look.query, run.tokens.length - 1) : undefined;
  });

  #compare(): void {
    const { run, model } = this.subject;
    if (this.#view !== 'compare' || !run || !model) return;
    const prompt = this.subject.promptOf(this.#otherText || this.#text);
    const step = this.#otherStep ?? (this.#otherModel === '' ? model.step : undefined);
    if (!prompt) return;
    const spec: RunSpec = { model: this.#otherModel || model.model, ...(step === undefined ? {} : { step }), prompt };
    this.comparing.load(run, model.model, spec).catch(this.session.failed);
  }

  #thumbnails(): void {
    const { shown, value } = this.look;
    if (!this.subject.run) this.reading.clear();
    else if (shown && this.#view !== 'train') this.reading.loadThumbnails(shown, value).catch(this.session.failed);
  }

  #line(): void {
    const { shown, layer, head, value, lineToken } = this.look;
    // A tile that came may hold the line.
    void this.reading.arrivals;
    if (shown && lineToken >= 0) this.reading.loadLine(shown, { layer, head, value }, lineToken, this.#along).catch(this.session.failed);
  }

  #next(): void {
    const { run, base } = this.subject;
    if (!run) this.prediction.clear();
    if (!run || this.#view !== 'read') return;
    const sampling = {
      temperature: this.#temperature,
      ...(this.#topK > 0 ? { topK: this.#topK } : {}),
      ...(this.#topP < 1 ? { topP: this.#topP } : {}),
    };
    this.prediction.load({ run: run.run }, base && { run: base.run }, sampling, this.#nextAfter).catch(this.session.failed);
  }

  #explain(): void {
    const { run } = this.subject;
    const address = this.#why;
    if (run && address) this.explaining.load({ run: run.run }, address).catch(this.session.failed);
    else if (!address) this.explaining.clear();
  }

  /** Resolves when what comes next is that of the present changes. */
  async #settled(): Promise<void> {
    await tick();
    await this.subject.settled;
    await tick();
    await this.prediction.settled;
  }

  undo(): void {
    this.drag.end();
    this.changes.undo();
  }
}
