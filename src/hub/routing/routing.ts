import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { Database } from '#storage/database.ts';
import type { SecretStore } from '#storage/secret-store.ts';
import type { EventLog, EventRouter } from '../events/event-log.ts';
import { eventsPlace } from '../events/routing-stamp.ts';
import { compileRouter } from './compile-router.ts';
import { type Destination, placeOfSlot } from './destination.ts';
import { type AskedDestination, type DestinationDoors, Destinations } from './destinations.ts';
import { compileEnrichment, type Enrichment } from './enrichment.ts';
import { enrichmentsMax, routesMax } from './limits.ts';
import { checkRoutingName, eventsEndpointName, type Route, type RouteSource, requireCondition } from './route.ts';
import { RoutingStore } from './routing-store.ts';
import { type RoutedTwin, SenderTwins } from './sender-twins.ts';

export type RoutingOptions = {
  readonly platform: Platform;
  readonly database: Database;
  readonly secrets: Pick<SecretStore, 'seal' | 'unseal'>;
  readonly hub: string;
  /** What `$iothubname` stands for. */
  readonly hubName: string;
  readonly events: Pick<EventLog, 'routeBy' | 'start' | 'end' | 'read' | 'onBatchDurable'>;
  /** What destinations may use; without it there are none. */
  readonly doors?: DestinationDoors;
  loadTwin(identity: string): Promise<RoutedTwin | undefined>;
  /** Who may send at present, so that their twins are known before the first route that asks for them counts. */
  connected(): Iterable<string>;
};

/** Names of routes, destinations and properties know no case. */
const fold = (name: string) => name.toLowerCase();

/** Where the events of a hub go: routes with their conditions, the fallback, and what is added on the way (hub-service-protocol.md 6, 10.3, 10.4). */
export class Routing {
  readonly #options: RoutingOptions;
  readonly #store: RoutingStore;
  readonly #routes = new Map<string, Route>();
  readonly #enrichments = new Map<string, Enrichment>();
  readonly twins: SenderTwins;
  readonly destinations: Destinations;
  #isFallbackEnabled = true;
  /** One change after the other. */
  #changing: Promise<unknown> = Promise.resolve();

  static async open(options: RoutingOptions): Promise<Routing> {
    const routing = new Routing(options);
    await routing.#load();
    return routing;
  }

  private constructor(options: RoutingOptions) {
    const { platform, database, secrets, hub } = options;
    this.#options = options;
    this.#store = new RoutingStore(database, secrets, hub);
    this.twins = new SenderTwins(platform, (identity) => options.loadTwin(identity));
    const { hubName, events, doors = {} } = options;
    this.destinations = new Destinations({ platform, database, store: this.#store, hub, hubName, events, doors });
  }

  start(): void {
    this.destinations.start();
  }

  async stop(): Promise<void> {
    await this.#changing;
    await this.destinations.stop();
  }

  get routes(): readonly Route[] {
    return [...this.#routes.values()];
  }

  /** Whether a route takes events of this source. */
  takes(source: RouteSource): boolean {
    return this.routes.some((route) => route.isEnabled && route.source === source);
  }

  get enrichments(): readonly Enrichment[] {
    return [...this.#enrichments.values()];
  }

  /** Whether telemetry that no route takes goes to `events`. */
  get isFallbackEnabled(): boolean {
    return this.#isFallbackEnabled;
  }

  /** Adds the route, or puts it in the place of the one of that name. Throws Problem `argument-invalid` or `quota-exceeded`. */
  saveRoute(route: Route): Promise<Route> {
    return this.#inTurn(async () => {
      checkRoutingName(route.name, 'route');
      requireCondition(route.condition);
      const present = this.#routes.get(fold(route.name));
      const saved = { ...route, name: present?.name ?? route.name, endpointNames: this.#checkEndpoints(route.endpointNames) };
      if (!present && this.#routes.size >= routesMax)
        throw new Problem('quota-exceeded', `A hub has at most ${routesMax} routes.`);
      await this.#store.saveRoute(saved, this.#options.platform.clock.now());
      this.#routes.set(fold(route.name), saved);
      await this.#apply();
      return saved;
    });
  }

  /** Throws Problem `not-found`. */
  deleteRoute(name: string): Promise<void> {
    return this.#inTurn(async () => {
      const route = this.#routes.get(fold(name));
      if (!route) throw new Problem('not-found', `There is no route ${name.slice(0, 64)}.`);
      await this.#store.deleteRoute(route.name);
      this.#routes.delete(fold(name));
      await this.#apply();
    });
  }

  setFallback(isEnabled: boolean): Promise<void> {
    return this.#inTurn(async () => {
      await this.#store.setFallback(isEnabled);
      this.#isFallbackEnabled = isEnabled;
      await this.#apply();
    });
  }

  /** As `saveRoute`. */
  saveEnrichment(enrichment: Enrichment): Promise<Enrichment> {
    return this.#inTurn(async () => {
      compileEnrichment(enrichment, this.#options.hubName);
      const present = this.#enrichments.get(fold(enrichment.key));
      const endpointNames = this.#checkEndpoints(enrichment.endpointNames);
      const saved = { ...enrichment, key: present?.key ?? enrichment.key, endpointNames };
      if (!present && this.#enrichments.size >= enrichmentsMax) {
        throw new Problem('quota-exceeded', `A hub has at most ${enrichmentsMax} enrichments.`);
      }
      await this.#store.saveEnrichment(saved, this.#options.platform.clock.now());
      this.#enrichments.set(fold(enrichment.key), saved);
      await this.#apply();
      return saved;
    });
  }

  /** Throws Problem `not-found`. */
  deleteEnrichment(key: string): Promise<void> {
    return this.#inTurn(async () => {
      const enrichment = this.#enrichments.get(fold(key));
      if (!enrichment) throw new Problem('not-found', `There is no enrichment ${key.slice(0, 64)}.`);
      await this.#store.deleteEnrichment(enrichment.key);
      this.#enrichments.delete(fold(key));
      await this.#apply();
    });
  }

  /** Throws as `Destinations.create` does. */
  createDestination(name: string, asked: AskedDestination): Promise<Destination> {
    return this.#inTurn(() => this.destinations.create(name, asked));
  }

  /** With its dead letters. Throws Problem `not-found`, or `conflict` while something leads there. */
  deleteDestination(name: string): Promise<void> {
    return this.#inTurn(async () => {
      const leads = ({ endpointNames }: { endpointNames: readonly string[] }) =>
        endpointNames.some((each) => fold(each) === fold(name));
      const route = this.routes.find(leads)?.name ?? this.enrichments.find(leads)?.key;
      if (route !== undefined) throw new Problem('conflict', `${route} leads to ${name}; change or delete it first.`);
      await this.destinations.delete(name);
    });
  }

  async #load(): Promise<void> {
    await this.destinations.load();
    for (const route of await this.#store.listRoutes()) this.#routes.set(fold(route.name), route);
    for (const enrichment of await this.#store.listEnrichments()) this.#enrichments.set(fold(enrichment.key), enrichment);
    this.#isFallbackEnabled = await this.#store.isFallbackEnabled();
    await this.#apply();
  }

  /** From now on events go by what is here. */
  async #apply(): Promise<void> {
    const { events, hubName } = this.#options;
    const { router, needsTwin } = compileRouter(
      {
        routes: this.routes,
        enrichments: this.enrichments,
        isFallbackEnabled: this.#isFallbackEnabled,
        hubName,
        placeOf: (name) => this.#placeOf(name),
      },
      this.twins,
    );
    if (needsTwin && !this.twins.isNeeded) {
      this.twins.need(true);
      for (const identity of this.#options.connected()) await this.twins.prepare(identity);
    }
    events.routeBy(router && this.#guard(router));
    if (!needsTwin) this.twins.need(false);
  }

  /** A mistake of ours loses no event: what cannot be routed goes where it goes without routes. */
  #guard(router: EventRouter): EventRouter {
    return (event) => {
      try {
        return router(event);
      } catch (error) {
        this.#options.platform.log.error('route.failed', { deviceId: event.deviceId, error: String(error) });
        return { isHidden: event.isHidden === true, stamp: undefined };
      }
    };
  }

  #placeOf(name: string): number {
    if (fold(name) === eventsEndpointName) return eventsPlace;
    const destination = this.destinations.find(name);
    return destination ? placeOfSlot(destination.slot) : 0;
  }

  /** As they are written there. Throws Problem `argument-invalid`. */
  #checkEndpoints(names: readonly string[]): string[] {
    const found = names.map((name) => {
      if (this.#placeOf(name) === 0) throw new Problem('argument-invalid', `There is no destination ${name.slice(0, 64)}.`);
      return this.destinations.find(name)?.name ?? eventsEndpointName;
    });
    if (found.length === 0) throw new Problem('argument-invalid', 'At least one destination must be named, such as events.');
    return [...new Set(found)];
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#changing.then(change);
    this.#changing = result.catch(() => undefined);
    return result;
  }
}
