import { Problem } from '#base/problem.ts';
import type { Device } from './device.ts';
import { registryLimits } from './limits.ts';

/** The place of a device among edge devices (hub-service-protocol.md 4.1). */
export type EdgePlace = {
  /** Others may stand below it; it has the modules of the edge runtime. */
  readonly isEdge: boolean;
  /** The scope of the edge device that it stands below. */
  readonly parentScope?: string;
};

/** What an owner says of it; what is left out stays, and an empty scope or list is none. */
export type AskedEdgePlace = {
  readonly isEdge?: boolean;
  readonly deviceScope?: string;
  readonly parentScopes?: readonly string[];
};

const prefix = 'ms-azure-iot-edge://';

/** Of an edge device, for good: a namesake created later has another. */
export function ownScope({ deviceId, generationId }: Pick<Device, 'deviceId' | 'generationId'>): string {
  return `${prefix}${deviceId}-${generationId}`;
}

/** What clients call the scope of a device: an edge device's own, and of any other its parent's. */
export function deviceScopeOf(device: Pick<Device, 'deviceId' | 'generationId'> & EdgePlace): string | undefined {
  return device.isEdge ? ownScope(device) : device.parentScope;
}

/**
 * Where the device stands after `asked`. Of a leaf `deviceScope` decides, since clients send it beside the parents
 * they read before; of an edge device it is its own, whatever was sent. Throws Problem `argument-invalid`.
 */
export function placeAfter(
  present: Pick<Device, 'deviceId' | 'generationId'> & EdgePlace,
  { isEdge = present.isEdge, deviceScope, parentScopes }: AskedEdgePlace,
): EdgePlace {
  if (parentScopes !== undefined && parentScopes.length > 1) throw invalidScope('A device has one parent.');
  const isOwn = present.isEdge && deviceScope === ownScope(present);
  const asked = isEdge || isOwn ? parentScopes?.[0] : (deviceScope ?? parentScopes?.[0]);
  const isSaid = isEdge || isOwn ? parentScopes !== undefined : deviceScope !== undefined || parentScopes !== undefined;
  const parentScope = isSaid ? asked : present.parentScope;
  return { isEdge, ...(parentScope ? { parentScope } : {}) };
}

/**
 * That there is an edge device of the scope that `device` shall stand below, and that it does not come to stand
 * below itself. Throws Problem `argument-invalid` with reason `device-scope`.
 */
export async function requireParent(
  device: Pick<Device, 'deviceId'> & EdgePlace,
  load: (deviceId: string) => Promise<Device | undefined>,
): Promise<void> {
  let scope = device.parentScope;
  for (let layer = 1; scope !== undefined; layer++) {
    const parent = await load(deviceIdOf(scope));
    if (!parent?.isEdge || ownScope(parent) !== scope) throw invalidScope('There is no edge device of this scope.');
    if (parent.deviceId === device.deviceId) throw invalidScope('A device does not stand below itself.');
    scope = parent.parentScope;
    if (scope !== undefined && layer + (device.isEdge ? 1 : 0) >= registryLimits.edgeLayersMax) {
      throw invalidScope(`Edge devices stand at most ${registryLimits.edgeLayersMax} deep.`);
    }
  }
}

/** An id may hold a hyphen itself; a generation never does. */
function deviceIdOf(scope: string): string {
  const end = scope.lastIndexOf('-');
  if (!scope.startsWith(prefix) || end <= prefix.length) throw invalidScope('The scope is none of an edge device.');
  return scope.slice(prefix.length, end);
}

function invalidScope(detail: string): Problem {
  return new Problem('argument-invalid', detail, { reason: 'device-scope' });
}
