import { requireDeviceId } from '#base/ids.ts';
import type { AskedBulkEntry } from '../contract/service-requests.ts';
import { identityName } from '../identity.ts';
import type { NewDevice } from '../registry/registry.ts';
import { requireOrdinary } from './module-routes.ts';
import { parseIdentity, parseModule } from './service-identity.ts';
import type { ServiceRooms } from './service-rooms.ts';
import { ownedOf } from './service-twin.ts';

/** What identities are made and changed with. */
export type BulkRooms = Pick<ServiceRooms, 'registry' | 'twins'>;

/** What an entry of a bulk call asks for, whether it names a device or a module. */
export type BulkTarget = {
  exists(): Promise<boolean>;
  create(): Promise<void>;
  /** The identity, and what the entry says of the twin. */
  update(ifMatch?: string): Promise<void>;
  updateTwin(ifMatch?: string): Promise<void>;
  delete(ifMatch?: string): Promise<void>;
};

export function bulkTarget(rooms: BulkRooms, entry: AskedBulkEntry): BulkTarget {
  const deviceId = requireDeviceId(entry.id);
  return entry.moduleId ? moduleTarget(rooms, entry, deviceId, entry.moduleId) : deviceTarget(rooms, entry, deviceId);
}

/** The device that an entry of a bulk call would create. Throws Problem `argument-invalid`. */
export function newDevice(entry: AskedBulkEntry): NewDevice {
  const { authentication = { type: 'sas' }, ...rest } = parseIdentity(entry);
  return { deviceId: requireDeviceId(entry.id), authentication, ...rest, initialTwin: ownedOf(entry) };
}

function deviceTarget({ registry, twins }: BulkRooms, entry: AskedBulkEntry, deviceId: string): BulkTarget {
  const owned = ownedOf(entry);
  return {
    exists: async () => (await registry.load(deviceId)) !== undefined,
    async create() {
      await registry.create(newDevice(entry));
    },
    async update(ifMatch) {
      await registry.update(deviceId, parseIdentity(entry), ifMatch);
      await twins.patchOwned(deviceId, owned);
    },
    async updateTwin(ifMatch) {
      await twins.patchOwned(deviceId, owned, ifMatch);
    },
    delete: (ifMatch) => registry.delete(deviceId, ifMatch),
  };
}

function moduleTarget(
  { registry: { modules }, twins }: BulkRooms,
  entry: AskedBulkEntry,
  deviceId: string,
  moduleId: string,
): BulkTarget {
  const owned = ownedOf(entry);
  const name = identityName({ deviceId, moduleId });
  return {
    exists: async () => (await modules.load(deviceId, moduleId)) !== undefined,
    async create() {
      requireOrdinary(moduleId);
      await modules.create({ deviceId, moduleId, ...parseModule(entry), initialTwin: owned });
    },
    async update(ifMatch) {
      requireOrdinary(moduleId);
      await modules.update(deviceId, moduleId, parseModule(entry), ifMatch);
      await twins.patchOwned(name, owned);
    },
    async updateTwin(ifMatch) {
      await modules.require(deviceId, moduleId);
      await twins.patchOwned(name, owned, ifMatch);
    },
    async delete(ifMatch) {
      requireOrdinary(moduleId);
      await modules.delete(deviceId, moduleId, ifMatch);
    },
  };
}
