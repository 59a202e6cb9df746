import { join } from 'node:path';
import { runSphereSimulator, type Simulator, type SimulatorOptions } from '#devices/run-sphere-simulator.ts';
import type { SimulatorEvent } from '#devices/simulator-event.ts';
import type { SphereInstallation } from './sphere-installation.ts';

type Cleanup = { after(fn: () => void | Promise<void>): void };
const deadlineMs = 15_000;

/**
 * A simulated board beside a security service. Unless a test brings one, there is no DPS: nothing
 * listens on the port it is given.
 */
export async function attachBoard(
  t: Cleanup,
  home: SphereInstallation,
  options: Partial<SimulatorOptions> & { name?: string } = {},
) {
  const { name = 'board', ...overrides } = options;
  const events: SimulatorEvent[] = [];
  const listeners = new Set<(event: SimulatorEvent) => void>();
  const keyStoreDirectory = join(home.devicesDirectory, name);
  const simulator: Simulator = await runSphereSimulator({
    platform: home.platform,
    application: 'd1',
    keyStoreDirectory,
    socketDirectory: home.devicesDirectory,
    sphereUrl: home.sphereUrl,
    connection: { type: 'dps', host: '127.0.0.1', port: 1, idScope: '0ne00000000' },
    hubPort: 1,
    ca: home.identity.caPem,
    ...overrides,
    onEvent: (event) => {
      events.push(event);
      for (const listener of listeners) listener(event);
    },
  });
  t.after(() => simulator.stop());
  return {
    simulator,
    deviceId: simulator.deviceId,
    keyStoreDirectory,
    events,
    log: () => events.flatMap((event) => (event.type === 'log' ? [`${event.level}: ${event.line}`] : [])),
    /** The first event of this type, past or to come. */
    event<T extends SimulatorEvent['type']>(type: T): Promise<Extract<SimulatorEvent, { type: T }>> {
      const isWanted = (event: SimulatorEvent): event is Extract<SimulatorEvent, { type: T }> => event.type === type;
      const past = events.find(isWanted);
      if (past) return Promise.resolve(past);
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no ${type} event; so far ${JSON.stringify(events)}`)), deadlineMs);
        const listener = (event: SimulatorEvent) => {
          if (!isWanted(event)) return;
          clearTimeout(timer);
          listeners.delete(listener);
          resolve(event);
        };
        listeners.add(listener);
      });
    },
  };
}
