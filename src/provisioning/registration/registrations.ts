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
  /** Throws Problem `registration-not-found`. */
  delete(registrationId: string): Promise<void>;
};

/** The registrations of an instance. `options` is read at each registration, so that its allocator can be set later. */
export function openRegistrations(database: Database, instance: string, options: RegisterDeviceOptions): Registrations {
  const store = new RegistrationStore(database, instance);
  return {
    device: new RegisterDevice(store, options),
    load: (registrationId) => store.load(registrationId),
    list: (groupId) => store.list(groupId),
    async delete(registrationId) {
      if (!(await store.delete(registrationId))) throw new Problem('registration-not-found', 'There is no such registration.');
    },
  };
}
