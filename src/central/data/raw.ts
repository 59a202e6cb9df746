import { isUtf8 } from 'node:buffer';
import { formatInstant } from '#base/instant.ts';
import type { Log } from '#base/log.ts';
import { Problem } from '#base/problem.ts';
import type { RawResponse, RawRow } from '../contract/ui-data.ts';
import type { DataEngine } from './data-engine.ts';
import { type EventLog, messageOf, type StoredEvent } from './message.ts';
import type { ModelOf } from './model-feed.ts';
import { nameMessage } from './name-message.ts';

type Sources = {
  log: Log;
  events: Pick<EventLog, 'load' | 'start'>;
  engine: Pick<DataEngine, 'positionsBefore'>;
  modelOf: ModelOf;
};

/**
 * The device's messages and changes as they came, newest first, read from the event log at the places that the
 * index names. They are named by the template the device has now. Throws Problem `argument-invalid` for a
 * cursor that is none.
 */
export async function readRaw(
  { log, events, engine, modelOf }: Sources,
  deviceId: string,
  query: { before?: string; limit: number },
): Promise<RawResponse> {
  const before = query.before === undefined ? Number.MAX_SAFE_INTEGER : parsePosition(query.before);
  const found = await engine.positionsBefore(deviceId, before, query.limit + 1);
  const positions = found.slice(0, query.limit).filter((position) => position >= events.start);
  const model = await modelOf(deviceId);
  const value: RawRow[] = [];
  for (const position of positions) {
    const event = await loadEvent(events, position).catch((error: unknown) => {
      log.error('central.message-unreadable', { deviceId, position, error: String(error) });
      return undefined;
    });
    if (event) value.push(rowOf(event, model));
  }
  const last = positions.at(-1);
  const hasMore = found.length > positions.length && positions.length === query.limit;
  return { value, ...(last !== undefined && hasMore ? { next: String(last) } : {}) };
}

async function loadEvent(events: Pick<EventLog, 'load'>, position: number): Promise<StoredEvent | undefined> {
  const [event] = await events.load([position]);
  return event;
}

function rowOf(event: StoredEvent, model: Awaited<ReturnType<ModelOf>>): RawRow {
  const named = nameMessage(messageOf(event), model);
  const { system, application } = event.properties();
  const isText = isUtf8(event.body);
  return {
    position: String(event.position),
    at: formatInstant(named.at),
    source: event.source,
    messageType: named.messageType,
    modeled: Object.fromEntries(
      [...named.modeled].map(([name, { value, isCoerced }]) => [name, isCoerced ? { value, coerced: true } : { value }]),
    ),
    unmodeled: Object.fromEntries(named.unmodeled),
    body: event.body.toString(isText ? 'utf8' : 'base64'),
    ...(isText ? {} : { bodyEncoding: 'base64' as const }),
    properties: Object.fromEntries(
      [...Object.entries(system), ...Object.entries(application)].map(([name, value]) => [name, value ?? '']),
    ),
  };
}

function parsePosition(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new Problem('argument-invalid', 'The cursor is not one that this list gave.');
}
