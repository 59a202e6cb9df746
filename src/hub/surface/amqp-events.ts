import type { Platform } from '#base/platform.ts';
import { asProblem } from '#base/problem.ts';
import type { AmqpError } from '#wire/amqp/handler.ts';
import type { AmqpLink, LinkRequest } from '#wire/amqp/link.ts';
import { type EventPosition, parseEventPosition } from '#wire/azure/event-position.ts';
import type { EventsAddress } from '#wire/azure/service-addresses.ts';
import type { EventsEndpoint } from '../events/events-endpoint.ts';
import { openReader } from '../events/open-reader.ts';
import type { ClaimAnswer, PartitionClaim } from '../events/partition-claims.ts';
import type { PartitionReader } from '../events/partition-reader.ts';
import { traceReads } from '../messages/trace-onward.ts';
import { amqpError, amqpErrorOf } from './amqp-errors.ts';
import { EventManagement, parsePartition } from './amqp-event-management.ts';
import { EventMessages } from './amqp-event-message.ts';
import { EventReceiver } from './amqp-event-receiver.ts';
import type { ServiceAnswer, ServiceArrival } from './service-links.ts';

const selectorFilter = 'apache.org:selector-filter:string';
/** The number of the same filter, as the JavaScript client sends it. */
const selectorDescriptor = 0x0000_468c_0000_0004;
const runtimeMetric = 'com.microsoft:enable-receiver-runtime-metric';

const placePattern = /^ConsumerGroups\/([^/]+)\/Partitions\/([^/]+)$/i;

type Place = { readonly group: string; readonly partition: number };
type Asked = {
  readonly start: EventPosition;
  readonly epoch: number | undefined;
  readonly receiverName: string;
  readonly isTrackingEnd: boolean;
};

/** The Event-Hubs-compatible endpoint of a hub (hub-service-protocol.md 9), for links that somebody was let in on. */
export class AmqpEvents {
  readonly #platform: Platform;
  readonly #endpoint: EventsEndpoint;
  readonly #messages = new EventMessages();
  /** By lower-case consumer group. */
  readonly #receivers = new Map<string, Set<(error: AmqpError) => void>>();

  constructor(platform: Platform, endpoint: EventsEndpoint) {
    this.#platform = platform;
    this.#endpoint = endpoint;
    endpoint.groups.onDelete((group) => {
      const error = amqpError(
        'amqp:not-found',
        'The messaging entity of this receiver could not be found: its consumer group was deleted.',
        platform.random.uuid(),
      );
      for (const close of [...(this.#receivers.get(group) ?? [])]) close(error);
    });
  }

  async serve(arrival: ServiceArrival, address: EventsAddress): Promise<ServiceAnswer> {
    const { request, peer } = arrival;
    const error = (condition: string, text: string) => ({ refuse: amqpError(condition, text, peer.trackingId) });
    const isManagement = address.path.toLowerCase() === '$management';
    if (isRedirected(address, request)) return { refuse: this.#redirect(address.path) };
    if (isManagement) return this.#serveManagement(arrival);
    if (request.isIncoming) return error('amqp:unauthorized-access', 'Events come from devices; nobody sends them here.');
    const [, groupName, partitionText] = placePattern.exec(address.path) ?? [];
    if (groupName === undefined) return error('amqp:not-found', 'There is no such address.');
    const group = this.#endpoint.groups.find(groupName);
    // By these words the JavaScript client tells what is not there from a line that broke.
    if (!group)
      return error('amqp:not-found', `The messaging entity consumer group ${groupName.slice(0, 64)} could not be found.`);
    const { partitions, partitionLog } = this.#endpoint.log;
    const partition = parsePartition(partitionText, partitions);
    if (partition === undefined) {
      return error('com.microsoft:argument-out-of-range', `Partitions go from 0 to ${partitions - 1}.`);
    }
    const asked = readAsked(request);
    if (typeof asked === 'string') return error('com.microsoft:argument-error', asked);
    try {
      const reader = await openReader(this.#platform.log, partitionLog, partition, asked.start);
      return { accept: (link) => this.#open(arrival, link, { place: { group: group.name, partition }, asked, reader }) };
    } catch (thrown) {
      this.#platform.log.error('event-reader.failed', { partition, error: String(thrown) });
      return { refuse: amqpErrorOf(asProblem(thrown), peer.trackingId) };
    }
  }

  #serveManagement({ request, openLinks }: ServiceArrival): ServiceAnswer {
    if (!request.isIncoming) return { accept: () => ({}) };
    const replyLinks = () =>
      [...openLinks()].filter(
        ({ request: { isIncoming }, address: each }) =>
          !isIncoming && each.kind === 'events' && each.path.toLowerCase() === '$management',
      );
    return { accept: () => new EventManagement({ endpoint: this.#endpoint, replyLinks }) };
  }

  #open(
    { request, peer, close }: ServiceArrival,
    link: AmqpLink,
    { place, asked, reader }: { place: Place; asked: Asked; reader: PartitionReader },
  ) {
    const { claims, log, arrivals } = this.#endpoint;
    const { group, partition } = place;
    const fail = (error: AmqpError) => close(link, error);
    const claim: PartitionClaim = {
      ...place,
      epoch: asked.epoch,
      stolen: () =>
        fail(
          amqpError(
            'amqp:link:stolen',
            `A receiver with an owner level as high took the place of ${asked.receiverName}.`,
            peer.trackingId,
          ),
        ),
    };
    const answer = claims.claim(claim);
    if (answer !== 'granted') {
      link.close(describeRefusal(answer, peer.trackingId));
      return {};
    }
    const capabilities = asked.isTrackingEnd ? [runtimeMetric] : [];
    link.promise({ filters: request.filters.filter(isSelector), capabilities });
    const receivers = this.#receivers.get(group.toLowerCase()) ?? new Set();
    this.#receivers.set(group.toLowerCase(), receivers);
    receivers.add(fail);
    return new EventReceiver({
      clock: this.#platform.clock,
      log: this.#platform.log,
      link,
      reader,
      events: log.partitionLog,
      partition,
      arrivals,
      messages: this.#messages,
      isTrackingEnd: asked.isTrackingEnd,
      onRead: traceReads(this.#platform.traces, group),
      onFailure: () => fail(amqpError('amqp:internal-error', 'The events cannot be read at present.', peer.trackingId, 500001)),
      onEnd() {
        claims.release(claim);
        receivers.delete(fail);
      },
    });
  }

  /** Where the endpoint is; a client reads host, port and name out of the address as well. */
  #redirect(path: string): AmqpError {
    const { hostName, entity } = this.#endpoint;
    const port = this.#endpoint.redirectPort();
    return {
      condition: 'amqp:link:redirect',
      description: 'Events are read at the Event-Hubs-compatible endpoint.',
      info: {
        hostname: hostName,
        'network-host': hostName,
        port,
        address: `amqps://${hostName}:${port}/${entity}/${path}`,
      },
    };
  }
}

/**
 * The path of a hub client is answered with where the endpoint is. Event Hubs clients that were told `messages/events` for a
 * name come there with a bare path, and are served in place.
 */
function isRedirected({ entity, path }: EventsAddress, { isIncoming, address = '' }: LinkRequest): boolean {
  if (isIncoming || entity !== 'messages/events') return false;
  return path.toLowerCase() === '$management' || (placePattern.test(path) && /^[a-z]+:\/\//i.test(address));
}

/** What a receiver asks for; a text says what is wrong with it. */
function readAsked({ filters, properties, desiredCapabilities }: LinkRequest): Asked | string {
  const filter = filters.find(isSelector);
  const start = filter ? parseEventPosition(filter.text) : { kind: 'earliest' as const };
  if (!start) return 'The filter says no position: an offset, a sequence number or an enqueued time after which to begin.';
  const epoch = properties.get('com.microsoft:epoch') ?? undefined;
  if (epoch !== undefined && typeof epoch !== 'number') return 'com.microsoft:epoch is a whole number.';
  const name = properties.get('com.microsoft:receiver-name');
  const receiverName = typeof name === 'string' ? name.slice(0, 64) : 'this receiver';
  return { start, epoch, receiverName, isTrackingEnd: desiredCapabilities.includes(runtimeMetric) };
}

function isSelector({ name, descriptor }: { name: string; descriptor: number | string }): boolean {
  return name === selectorFilter && (descriptor === selectorFilter || descriptor === selectorDescriptor);
}

function describeRefusal(answer: Exclude<ClaimAnswer, 'granted'>, trackingId: string): AmqpError {
  if (answer === 'owned') {
    return amqpError('amqp:link:stolen', 'A receiver with a higher owner level reads this partition of the group.', trackingId);
  }
  return amqpError(
    'amqp:resource-limit-exceeded',
    'As many receivers as may read this partition of the group at once.',
    trackingId,
  );
}
