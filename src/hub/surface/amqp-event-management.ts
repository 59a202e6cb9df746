import { boolean, int, long, map, string, stringArray, symbol, timestamp } from '#wire/amqp/encode.ts';
import type { AmqpDelivery } from '#wire/amqp/handler.ts';
import { decodeMessage, encodeMessage } from '#wire/amqp/message.ts';
import type { EventsEndpoint } from '../events/events-endpoint.ts';
import type { OpenServiceLink, ServiceLink } from './service-links.ts';

type Answer = { readonly status: number; readonly description: string; readonly condition?: string; readonly body?: Buffer };

export type EventManagementOptions = {
  readonly endpoint: EventsEndpoint;
  /** Links to `$management` of the same connection, on which answers leave. */
  replyLinks(): OpenServiceLink[];
};

/** Requests to `$management` (hub-service-protocol.md 9.2): what the endpoint and its partitions hold. */
export class EventManagement implements ServiceLink {
  readonly #options: EventManagementOptions;

  constructor(options: EventManagementOptions) {
    this.#options = options;
  }

  async message(delivery: AmqpDelivery): Promise<void> {
    const request = readRequest(delivery.bytes);
    if (!request) {
      delivery.reject({ condition: 'amqp:decode-error', description: 'The request is no message.' });
      return;
    }
    const { status, description, condition, body } = await this.#answer(request.application);
    delivery.accept();
    const links = this.#options.replyLinks();
    const { replyTo } = request;
    const asked = links.find(({ request: { name, targetAddress } }) => replyTo === targetAddress || replyTo === name);
    const reply = encodeMessage({
      properties: { correlationId: request.encodedMessageId },
      application: [
        ['status-code', int(status)],
        ['status-description', string(description)],
        ['statusCode', int(status)],
        ['statusDescription', string(description)],
        ...(condition === undefined ? [] : [['error-condition', symbol(condition)] as const]),
        ...(condition === undefined ? [] : [['errorCondition', symbol(condition)] as const]),
      ],
      ...(body && { value: body }),
    });
    (asked ?? links.at(-1))?.link.send(reply);
  }

  async #answer(application: ReadonlyMap<unknown, unknown>): Promise<Answer> {
    const [operation, name, type, partition] = ['operation', 'name', 'type', 'partition'].map((key) => application.get(key));
    if (operation !== 'READ') return { status: 400, description: 'Only READ is served.', condition: 'amqp:not-implemented' };
    if (typeof name !== 'string' || !this.#isEntity(name)) {
      return {
        status: 404,
        description: `The messaging entity ${String(name).slice(0, 64)} could not be found.`,
        condition: 'amqp:not-found',
      };
    }
    if (type === 'com.microsoft:eventhub') return { status: 200, description: 'OK', body: this.#describeHub(name) };
    if (type !== 'com.microsoft:partition') {
      return { status: 404, description: 'There is no entity of this type.', condition: 'amqp:not-found' };
    }
    const { partitions } = this.#options.endpoint.log;
    const number = parsePartition(partition, partitions);
    if (number === undefined) {
      const description = `Partitions go from 0 to ${partitions - 1}.`;
      return { status: 404, description, condition: 'com.microsoft:argument-out-of-range' };
    }
    return { status: 200, description: 'OK', body: await this.#describePartition(name, number) };
  }

  #isEntity(name: string): boolean {
    const wanted = name.toLowerCase();
    return wanted === 'messages/events' || wanted === this.#options.endpoint.entity.toLowerCase();
  }

  #describeHub(name: string): Buffer {
    const { log, groups } = this.#options.endpoint;
    return map([
      [string('name'), string(name)],
      [string('type'), string('com.microsoft:eventhub')],
      [string('created_at'), timestamp(groups.createdAt)],
      [string('partition_count'), int(log.partitions)],
      [string('partition_ids'), stringArray(Array.from({ length: log.partitions }, (_, i) => String(i)))],
    ]);
  }

  async #describePartition(name: string, partition: number): Promise<Buffer> {
    const { log } = this.#options.endpoint;
    const { firstSequence, last, isEmpty } = await log.partitionLog.state(partition);
    // The log counts from 1, readers from 0.
    return map([
      [string('name'), string(name)],
      [string('type'), string('com.microsoft:partition')],
      [string('partition'), string(String(partition))],
      [string('begin_sequence_number'), long(firstSequence - 1)],
      [string('last_enqueued_sequence_number'), long(last.sequence - 1)],
      [string('last_enqueued_offset'), string(last.position === 0 ? '-1' : String(last.position))],
      [string('last_enqueued_time_utc'), timestamp(last.enqueuedAt)],
      [string('is_partition_empty'), boolean(isEmpty)],
    ]);
  }
}

/** A number that is a partition of so many; undefined for anything else. */
export function parsePartition(text: unknown, partitions: number): number | undefined {
  if (typeof text !== 'string' || !/^(?:0|[1-9][0-9]?)$/.test(text)) return undefined;
  const partition = Number(text);
  return partition < partitions ? partition : undefined;
}

function readRequest(bytes: Buffer) {
  try {
    const { application, properties, encodedMessageId } = decodeMessage(bytes);
    return { application, encodedMessageId, replyTo: properties.get('replyTo') };
  } catch {
    return undefined;
  }
}
