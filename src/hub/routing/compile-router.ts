import { conditionScope, isMet } from '#lang/routing/evaluate.ts';
import type { Condition } from '#lang/routing/parse.ts';
import type { EventRouter, NewEvent } from '../events/event-log.ts';
import { eventProperties } from '../events/event-properties.ts';
import { type Addition, encodeStamp, eventsPlace } from '../events/routing-stamp.ts';
import { identityName } from '../identity.ts';
import { compileEnrichment, type Enrichment, type EnrichmentValue } from './enrichment.ts';
import { type Route, type RouteSource, requireCondition, routeSources, sourceOfEvent } from './route.ts';
import type { SenderTwins } from './sender-twins.ts';

export type RoutingRules = {
  readonly routes: readonly Route[];
  readonly enrichments: readonly Enrichment[];
  readonly isFallbackEnabled: boolean;
  readonly hubName: string;
  /** The bit of an endpoint. */
  placeOf(name: string): number;
};

type Rule = { readonly places: number /** Absent where it takes everything. */; readonly condition?: Condition };
type Added = { readonly key: string; readonly places: number; readonly value: EnrichmentValue };

export type CompiledRouter = {
  /** Undefined where every event goes where it goes without routes: the hot path then knows nothing of them. */
  readonly router: EventRouter | undefined;
  readonly needsTwin: boolean;
};

/** Routes, fallback and enrichments as one decision for each event. */
export function compileRouter(rules: RoutingRules, twins: Pick<SenderTwins, 'get' | 'notice'>): CompiledRouter {
  const { routes, isFallbackEnabled, hubName, placeOf } = rules;
  const enabled = routes.filter(({ isEnabled }) => isEnabled);
  const placesOf = (names: readonly string[]) => names.reduce((places, name) => places | placeOf(name), 0);
  const bySource = new Map<RouteSource, Rule[]>(routeSources.map((source) => [source, []]));
  for (const { source, condition: text, endpointNames } of enabled) {
    const condition = requireCondition(text);
    const isAlways = condition.expression.kind === 'constant' && condition.expression.value === true;
    bySource.get(source)?.push({ places: placesOf(endpointNames), ...(isAlways ? {} : { condition }) });
  }
  const added: readonly Added[] = rules.enrichments.map((enrichment) => ({
    key: enrichment.key,
    places: placesOf(enrichment.endpointNames),
    value: compileEnrichment(enrichment, hubName),
  }));
  const rest = routes.length === 0 || isFallbackEnabled ? eventsPlace : 0;
  const needsTwin =
    added.some(({ value }) => value.needsTwin) || [...bySource.values()].flat().some(({ condition }) => condition?.needsTwin);
  if (isPlain(bySource, rest) && added.every(({ places }) => (places & eventsPlace) === 0)) {
    return { router: undefined, needsTwin: false };
  }
  const additionsFor = (event: NewEvent, places: number): Addition[] =>
    added
      .filter((each) => (each.places & places) !== 0)
      .map(({ key, value, places: wanted }) => [key, value.of(twins.get(nameOf(event))), wanted & places]);
  /** Stamps without additions, which are the same for many events. */
  const plainStamps = new Map<number, Buffer | undefined>();
  const stampOf = (event: NewEvent, places: number): Buffer | undefined => {
    // A patch gets none (hub-service-protocol.md 10.4).
    const isBare = added.length === 0 || event.source === 'digitalTwinChangeEvents';
    const additions = isBare ? [] : additionsFor(event, places);
    if (additions.length > 0) return encodeStamp({ places, additions });
    if (!plainStamps.has(places)) plainStamps.set(places, encodeStamp({ places, additions }));
    return plainStamps.get(places);
  };
  return {
    needsTwin,
    router(event) {
      twins.notice(event);
      const places =
        choose(bySource.get(sourceOfEvent(event.source)) ?? [], event, twins) || (event.source === 'Telemetry' ? rest : 0);
      return { isHidden: (places & eventsPlace) === 0, stamp: stampOf(event, places) };
    },
  };
}

/** Whether all telemetry is seen by readers, and nothing else by anybody. */
function isPlain(bySource: ReadonlyMap<RouteSource, readonly Rule[]>, rest: number): boolean {
  for (const [source, rules] of bySource) {
    if (source !== 'DeviceMessages' && rules.length > 0) return false;
    if (rules.some(({ places }) => places !== eventsPlace)) return false;
  }
  const telemetry = bySource.get('DeviceMessages') ?? [];
  return rest === eventsPlace || telemetry.some(({ condition }) => condition === undefined);
}

/** One copy for each endpoint, however many routes lead there. */
function choose(rules: readonly Rule[], event: NewEvent, twins: Pick<SenderTwins, 'get'>): number {
  let places = 0;
  let scope: ReturnType<typeof conditionScope> | undefined;
  for (const { condition, places: wanted } of rules) {
    if ((places & wanted) === wanted) continue;
    if (condition) {
      scope ??= conditionScope(lazyMessage(event), () => twins.get(nameOf(event)));
      if (!isMet(condition, scope)) continue;
    }
    places |= wanted;
  }
  return places;
}

function nameOf({ deviceId, moduleId }: NewEvent): string {
  return identityName({ deviceId, ...(moduleId === undefined ? {} : { moduleId }) });
}

/** Its properties are decoded when the first condition asks for one. */
function lazyMessage(event: NewEvent) {
  let properties: ReturnType<typeof eventProperties> | undefined;
  const read = () => {
    properties ??= eventProperties({ ...event, moduleId: event.moduleId }, event.system);
    return properties;
  };
  return {
    body: event.body,
    get system() {
      return read().system;
    },
    get application() {
      return read().application;
    },
  };
}
