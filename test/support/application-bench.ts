import type { Application, ApplicationPort } from '#devices/application.ts';
import { HubSession } from '#devices/hub-session.ts';
import { seededValues } from '#devices/seeded-values.ts';
import { ManualClock } from './manual-clock.ts';

export type Sent = { topic: string; body: string; qos: number };

/**
 * A sample program in a hub session without I/O: what it publishes is recorded, SUBACKs and PUBACKs
 * come at once, and the test plays the hub.
 */
export function applicationBench<A extends Application>(
  make: (port: ApplicationPort) => A,
  options: { seed?: string; statesContentType?: boolean; deviceId?: string } = {},
) {
  const clock = new ManualClock(Date.UTC(2030, 0, 1, 0, 0, 0, 789));
  const sent: Sent[] = [];
  const filters: { filter: string; qos: number }[] = [];
  const log: string[] = [];
  const exits: number[] = [];
  const deviceId = options.deviceId ?? 'dev1';
  let session: HubSession | undefined;
  let acknowledged = 0;
  const application = make({
    clock,
    values: seededValues(options.seed ?? 'bench'),
    sendTelemetry: (body, properties) => session?.sendTelemetry(body, properties) ?? false,
    report: (body) => session?.report(body) ?? false,
    log: (level, line) => void log.push(`${level}: ${line}`),
    exit: (code) => void exits.push(code),
  });
  return {
    application,
    clock,
    log,
    exits,
    filters,
    acknowledged: () => acknowledged,
    /** Takes what was published since the last call. */
    sent: () => sent.splice(0),
    connect() {
      session = new HubSession({
        deviceId,
        application,
        statesContentType: options.statesContentType ?? false,
        onAcknowledged: () => void acknowledged++,
        transport: {
          subscribe: (list, onGranted) => {
            filters.push(...list);
            onGranted?.();
          },
          publish: ({ topic, payload, qos }, onAck) => {
            sent.push({ topic, body: Buffer.from(payload).toString(), qos });
            onAck?.();
            return true;
          },
        },
      });
      session.start();
    },
    disconnect() {
      session = undefined;
    },
    receive(topic: string, body = '') {
      session?.receive({ topic, payload: Buffer.from(body) });
    },
    tick: () => application.tick(session !== undefined),
  };
}
