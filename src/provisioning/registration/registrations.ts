import { checkIfMatch } from '#base/etag.ts';
import { Problem } from '#base/problem.ts';
import type { Database } from '#storage/database.ts';
import { RegisterDevice, type RegisterDeviceOptions } from './register-device.ts';
import type { Registration } from './registration.ts';
import { RegistrationStore } from './registration-store.ts';

export type Registrations = {
  /** What devices ask for. */
  readonly device: RegisterDevice;
  load(registrationId: string): Promise<Registration | undefined>;
  /** In the order of their ids; of one group, or all. */
  list(groupId?: string): Promise<Registration[]>;
  /** Of one group, in the order of their ids, after `after`. */
  page(groupId: string, options: { after: string; limit: number }): Promise<Registration[]>;
  /** Of all, in the order of their ids, after `after`. */
  pageAll(options: { after: string; limit: number }): Promise<Registration[]>;
  /** Throws Problem `registration-not-found`. */
  require(registrationId: string): Promise<Registration>;
  /** Throws Problem `registration-not-found`, or `precondition-failed` when it changed since it was read. */
  delete(registrationId: string, ifMatch?: string): Promise<void>;
};

/** The registrations of an instance. `options` is read at each registration, so that its allocator can be set later. */
export function openRegistrations(database: Database, instance: string, options: RegisterDeviceOptions): Registrations {
  const store = new RegistrationStore(database, instance);
  const missing = () => new Problem('registration-not-found', 'There is no such registration.');
  async function require(registrationId: string): Promise<Registration> {
    const registration = await store.load(registrationId);
    if (registration) return registration;
    throw missing();
  }
  return {
    device: new RegisterDevice(store, options),
    load: (registrationId) => store.load(registrationId),
    list: (groupId) => store.list(groupId),
    page: (groupId, { after, limit }) => store.page(groupId, after, limit),
    pageAll: ({ after, limit }) => store.pageAll(after, limit),
    require,
    async delete(registrationId, ifMatch) {
      checkIfMatch(ifMatch, (await require(registrationId)).etag);
      if (!(await store.delete(registrationId))) throw missing();
    },
  };
}
