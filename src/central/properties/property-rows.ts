import type { Instant } from '#base/instant.ts';
import { isJsonObject, type Json } from '#base/json.ts';
import type { Hub } from '#hub/hub.ts';
import type { DeviceModel, PropertyCapability } from '../templates/device-model.ts';

/** What Central reads of a device's twin. */
export type TwinView = Pick<
  Awaited<ReturnType<Hub['twins']['load']>>,
  'desired' | 'reported' | 'desiredVersion' | 'desiredMetadata' | 'reportedMetadata'
>;

/** None: nothing is outstanding. Pending: asked for and not yet answered for. */
export type PropertyState = 'Pending' | 'Accepted' | 'Error' | 'None';

export type Acknowledgement = { code: number; version: number; description?: string };

export type PropertyView = {
  capability: PropertyCapability;
  isModeled: boolean;
  reported?: Json;
  desired?: Json;
  state: PropertyState;
  acknowledgement?: Acknowledgement;
  desiredVersion?: number;
  updatedAt?: Instant;
};

/**
 * The properties of a device: those of its template first, in its order, then what the device
 * reports beyond it. Pure.
 */
export function viewProperties(twin: TwinView, model: DeviceModel | undefined): PropertyView[] {
  const modeled = (model?.properties ?? []).map((capability) => viewProperty(twin, capability, true));
  const known = new Set(model?.properties.map((property) => property.name));
  const beyond = Object.keys(twin.reported)
    .filter((name) => !known.has(name))
    .map((name) => viewProperty(twin, { name, displayName: name, schema: 'object', writable: false }, false));
  return [...modeled, ...beyond];
}

function viewProperty(twin: TwinView, capability: PropertyCapability, isModeled: boolean): PropertyView {
  const { name } = capability;
  const { value: reported, acknowledgement } = unwrapReported(own(twin.reported, name));
  const desired = unwrapDesired(own(twin.desired, name), capability);
  const desiredMetadata = own(twin.desiredMetadata.members, name);
  const reportedMetadata = own(twin.reportedMetadata.members, name);
  const desiredVersion = desired === undefined ? undefined : (desiredMetadata?.lastUpdatedVersion ?? twin.desiredVersion);
  const updatedAt = reportedMetadata?.lastUpdated ?? desiredMetadata?.lastUpdated;
  return {
    capability,
    isModeled,
    state: stateOf({
      reported,
      desired,
      acknowledgement,
      desiredVersion,
      isReportedLater: (reportedMetadata?.lastUpdated ?? -1) >= (desiredMetadata?.lastUpdated ?? 0),
    }),
    ...(reported === undefined ? {} : { reported }),
    ...(desired === undefined ? {} : { desired }),
    ...(acknowledgement === undefined ? {} : { acknowledgement }),
    ...(desiredVersion === undefined ? {} : { desiredVersion }),
    ...(updatedAt === undefined ? {} : { updatedAt }),
  };
}

function stateOf(facts: {
  reported: Json | undefined;
  desired: Json | undefined;
  acknowledgement: Acknowledgement | undefined;
  desiredVersion: number | undefined;
  isReportedLater: boolean;
}): PropertyState {
  const { desired, acknowledgement, desiredVersion } = facts;
  if (desired === undefined || desiredVersion === undefined) return 'None';
  if (acknowledgement && acknowledgement.version >= desiredVersion) {
    return acknowledgement.code >= 200 && acknowledgement.code < 300 ? 'Accepted' : 'Error';
  }
  // Version 0: the device changed it by itself (a button) after what was asked for, so nothing is outstanding.
  if (acknowledgement?.version === 0 && facts.isReportedLater) return 'None';
  // Programs of IoT Central's first years report the bare value and acknowledge nothing (sphere.md 6.5).
  if (!acknowledgement && facts.isReportedLater && JSON.stringify(facts.reported) === JSON.stringify(desired)) return 'Accepted';
  return 'Pending';
}

/** `{value, ac, av, ad}` is an acknowledgement around a value; anything else is the value itself. */
function unwrapReported(reported: Json | undefined): { value: Json | undefined; acknowledgement: Acknowledgement | undefined } {
  if (!isJsonObject(reported) || !('value' in reported)) return { value: reported, acknowledgement: undefined };
  const { value, ac, av, ad } = reported;
  if (typeof ac !== 'number' || typeof av !== 'number') return { value: reported, acknowledgement: undefined };
  return { value, acknowledgement: { code: ac, version: av, ...(typeof ad === 'string' ? { description: ad } : {}) } };
}

function unwrapDesired(desired: Json | undefined, capability: PropertyCapability): Json | undefined {
  return capability.desiredIsWrapped && isJsonObject(desired) ? desired.value : desired;
}

/** Names come from outside: `constructor` must not find what every object inherits. */
function own<T>(record: { readonly [key: string]: T }, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
