import { Problem } from '#base/problem.ts';
import { type Condition, parseCondition } from '#lang/routing/parse.ts';
import type { EventSource } from '../events/event-log.ts';
import { conditionLengthMax } from './limits.ts';

/** Sources of routes, in the words of hub-service-protocol.md 6. */
export type RouteSource =
  | 'DeviceMessages'
  | 'TwinChangeEvents'
  | 'DeviceLifecycleEvents'
  | 'DeviceConnectionStateEvents'
  | 'DigitalTwinChangeEvents'
  | 'DeviceJobLifecycleEvents';

export const routeSources: readonly RouteSource[] = [
  'DeviceMessages',
  'TwinChangeEvents',
  'DeviceLifecycleEvents',
  'DeviceConnectionStateEvents',
  'DigitalTwinChangeEvents',
  'DeviceJobLifecycleEvents',
];

export type Route = {
  readonly name: string;
  readonly source: RouteSource;
  /** As it was written; empty for every event. */
  readonly condition: string;
  /** Destinations, and `events` for the hub's own endpoint. */
  readonly endpointNames: readonly string[];
  readonly isEnabled: boolean;
};

export const eventsEndpointName = 'events';

const reserved: readonly string[] = ['events', 'filenotifications', 'operationsmonitoringevents', '$default'];
const namePattern = /^[a-z0-9._-]{1,64}$/i;

export function sourceOfEvent(source: EventSource): RouteSource {
  switch (source) {
    case 'Telemetry':
      return 'DeviceMessages';
    case 'twinChangeEvents':
      return 'TwinChangeEvents';
    case 'deviceConnectionStateEvents':
      return 'DeviceConnectionStateEvents';
    case 'deviceLifecycleEvents':
    case 'moduleLifecycleEvents':
      return 'DeviceLifecycleEvents';
    case 'digitalTwinChangeEvents':
      return 'DigitalTwinChangeEvents';
    case 'deviceJobLifecycleEvents':
      return 'DeviceJobLifecycleEvents';
  }
}

/** Throws Problem `argument-invalid`. */
export function parseRouteSource(text: string): RouteSource {
  const source = routeSources.find((each) => each.toLowerCase() === text.toLowerCase());
  if (source) return source;
  throw new Problem('argument-invalid', `A route’s source is one of ${routeSources.join(', ')}.`);
}

/** Throws Problem `argument-invalid`. */
export function checkRoutingName(name: string, what: string): void {
  if (!namePattern.test(name) || reserved.includes(name.toLowerCase())) {
    throw new Problem(
      'argument-invalid',
      `The name of a ${what} has 1 to 64 letters, digits, dots, hyphens and underscores, and is none of ${reserved.join(', ')}.`,
    );
  }
}

/** Throws Problem `argument-invalid` that says where the condition goes wrong. */
export function requireCondition(text: string): Condition {
  if (text.length > conditionLengthMax) {
    throw new Problem('argument-invalid', `A condition has at most ${conditionLengthMax} characters.`);
  }
  const { condition, compilationErrors } = parseCondition(text);
  if (condition) return condition;
  const [{ message, location } = { message: 'It does not compile.', location: { start: { line: 1, column: 1 } } }] =
    compilationErrors;
  const { line, column } = location.start;
  throw new Problem('argument-invalid', `Condition, line ${line}, column ${column}: ${message}`, { reason: 'condition-invalid' });
}
