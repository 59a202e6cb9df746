import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { Platform } from '#base/platform.ts';
import { mergePatch } from '#lang/merge-patch.ts';
import type { NewEvent } from '../events/event-log.ts';
import { identityName } from '../identity.ts';
import type { Twin } from '../twins/twin.ts';

/** Twins that are kept. Beyond, the one that was asked for longest ago is forgotten until its device signs in again. */
const twinsMax = 200_000;

export type RoutedTwin = Pick<Twin, 'tags' | 'desired' | 'reported'>;

/**
 * The twins of who sends, while a route or an enrichment looks into them: an event is routed in the moment in which it is
 * appended, and the database answers later than that. A twin is loaded when its owner signs in, and follows its changes by
 * the events that tell of them.
 */
export class SenderTwins {
  readonly #platform: Platform;
  readonly #load: (identity: string) => Promise<RoutedTwin | undefined>;
  /** The one that was asked for longest ago first. */
  readonly #twins = new Map<string, JsonObject>();
  readonly #loading = new Map<string, { isStale: boolean; readonly done: Promise<void> }>();
  #isNeeded = false;

  constructor(platform: Platform, load: (identity: string) => Promise<RoutedTwin | undefined>) {
    this.#platform = platform;
    this.#load = load;
  }

  get isNeeded(): boolean {
    return this.#isNeeded;
  }

  /** From now on, or no more. */
  need(isNeeded: boolean): void {
    this.#isNeeded = isNeeded;
    if (!isNeeded) this.#twins.clear();
  }

  get(identity: string): JsonObject | undefined {
    const twin = this.#twins.get(identity);
    if (twin && this.#twins.size > twinsMax / 2) {
      this.#twins.delete(identity);
      this.#twins.set(identity, twin);
    }
    return twin;
  }

  /** Resolves when `get` knows the twin; undefined when there is nothing to wait for. Never rejects. */
  prepare(identity: string): Promise<void> | undefined {
    if (!this.#isNeeded || this.#twins.has(identity)) return undefined;
    const underWay = this.#loading.get(identity);
    if (underWay) return underWay.done;
    const loading = { isStale: false, done: Promise.resolve() };
    loading.done = this.#fill(identity, loading).finally(() => this.#loading.delete(identity));
    this.#loading.set(identity, loading);
    return loading.done;
  }

  /** An event on its way into the log: what it says of a twin counts for itself already. */
  notice({ source, deviceId, moduleId, body }: NewEvent): void {
    if (!this.#isNeeded || source !== 'twinChangeEvents') return;
    const identity = identityName({ deviceId, ...(moduleId === undefined ? {} : { moduleId }) });
    const loading = this.#loading.get(identity);
    if (loading) loading.isStale = true;
    const present = this.#twins.get(identity);
    if (!present) return;
    const change: unknown = JSON.parse(body.toString());
    const { tags = {}, properties = {} } = change as { tags?: JsonObject; properties?: JsonObject; deviceId?: string };
    const { desired = {}, reported = {} } = properties;
    const sections = { tags: plain(tags), properties: { desired: plain(desired), reported: plain(reported) } };
    // The event of a replacement carries the whole twin, and its owner's names with it.
    const isWhole = (change as { deviceId?: string }).deviceId !== undefined;
    this.#twins.set(identity, isWhole ? sections : mergePatch(present, sections));
  }

  forget(identity: string): void {
    this.#twins.delete(identity);
  }

  async #fill(identity: string, loading: { isStale: boolean }): Promise<void> {
    try {
      do {
        loading.isStale = false;
        const twin = await this.#load(identity);
        const { tags = {}, desired = {}, reported = {} } = twin ?? {};
        if (!loading.isStale) this.#keep(identity, { tags, properties: { desired, reported } });
      } while (loading.isStale);
    } catch (error) {
      this.#platform.log.error('route.twin-unread', { identity, error: String(error) });
    }
  }

  #keep(identity: string, twin: JsonObject): void {
    this.#twins.set(identity, twin);
    if (this.#twins.size <= twinsMax) return;
    for (const oldest of this.#twins.keys()) {
      this.#twins.delete(oldest);
      break;
    }
  }
}

/** Without what the service says of a section: `$version`, `$metadata`. */
function plain(section: unknown): JsonObject {
  if (!isJsonObject(section as JsonObject)) return {};
  return Object.fromEntries(Object.entries(section as JsonObject).filter(([name]) => !name.startsWith('$')));
}
