import type { MqttLimits } from '../limits.ts';
import type { ConnectPacket, InboundPublish, OversizePublish, Subscription } from '../packet.ts';
import { type AcceptOptions, type CloseReason, MqttServerSession } from '../server-session.ts';
import { clientPackets } from './client-packets.ts';

/** A message as it was during the call: a copy. */
export type RecordedPublish = Omit<InboundPublish, 'payload'> & { payload: string };

export type RecordedEvent =
  | { kind: 'connect'; connect: ConnectPacket }
  | { kind: 'publish'; publish: RecordedPublish }
  | { kind: 'acknowledged'; packetId: number }
  | { kind: 'received'; packetId: number }
  | { kind: 'released'; packetId: number }
  | { kind: 'oversize'; publish: OversizePublish }
  | { kind: 'subscribe'; packetId: number; filters: readonly Subscription[] }
  | { kind: 'unsubscribe'; packetId: number; filters: readonly string[] }
  | { kind: 'writable' }
  | { kind: 'ended'; reason: CloseReason; clean: boolean }
  | { kind: 'close'; reason: CloseReason };

export type RecordOptions = {
  /** What happens inside `onConnect`; nothing is 'accept'. */
  answer?: 'accept' | 'refuse' | 'later';
  limits?: MqttLimits;
  accept?: AcceptOptions;
  /** Called after an event was recorded, inside the session's call. */
  react?: (event: RecordedEvent, session: MqttServerSession) => void;
};

/** A server session that writes down what it is told, for tests. Time is `time.ms`. */
export function recordSession(options: RecordOptions = {}) {
  const events: RecordedEvent[] = [];
  const time = { ms: 0 };
  const outputs = { announced: 0 };
  const record = (event: RecordedEvent): void => {
    events.push(event);
    options.react?.(event, session);
  };
  const session: MqttServerSession = new MqttServerSession({
    ...(options.limits ? { limits: options.limits } : {}),
    nowMs: () => time.ms,
    onOutput: () => {
      outputs.announced++;
    },
    onClose: (reason) => record({ kind: 'close', reason }),
    onConnect(connect) {
      record({ kind: 'connect', connect });
      if (options.answer === 'refuse') session.refuse(5);
      else if (options.answer !== 'later') session.accept(false, options.accept);
      return {
        publish: ({ topic, payload, qos, retain, dup, packetId }) =>
          record({ kind: 'publish', publish: { topic, payload: payload.toString('latin1'), qos, retain, dup, packetId } }),
        acknowledged: (packetId) => record({ kind: 'acknowledged', packetId }),
        received: (packetId) => record({ kind: 'received', packetId }),
        released: (packetId) => record({ kind: 'released', packetId }),
        oversize: (publish) => record({ kind: 'oversize', publish }),
        subscribe: (packetId, filters) => record({ kind: 'subscribe', packetId, filters }),
        unsubscribe: (packetId, filters) => record({ kind: 'unsubscribe', packetId, filters }),
        writable: () => record({ kind: 'writable' }),
        ended: (reason, clean) => record({ kind: 'ended', reason, clean }),
      };
    },
  });
  return { session, events, time, outputs };
}

/** One that has accepted, with its CONNACK taken and its CONNECT forgotten. */
export function recordOpenSession(options: RecordOptions = {}) {
  const recorded = recordSession(options);
  recorded.session.receive(Buffer.from(clientPackets.connectX509));
  recorded.session.takeOutput();
  recorded.events.length = 0;
  recorded.outputs.announced = 0;
  return recorded;
}
