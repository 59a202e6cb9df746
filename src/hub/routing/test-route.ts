import type { JsonObject } from '#base/json.ts';
import { evaluate } from '#lang/evaluate.ts';
import { conditionScope } from '#lang/routing/evaluate.ts';
import { type CompilationError, parseCondition } from '#lang/routing/parse.ts';
import { findSystemProperty } from '#lang/routing/system-properties.ts';
import type { Route, RouteSource } from './route.ts';

/** A message that nobody sent. */
export type TestMessage = {
  readonly body?: string | undefined;
  readonly appProperties?: Readonly<Record<string, string>> | undefined;
  /** By either of their names: `contentType` or `content-type`. */
  readonly systemProperties?: Readonly<Record<string, string>> | undefined;
};

/** What a condition says of a message; `undefined` also where it does not compile (hub-service-protocol.md 10.3). */
export type RouteTest = {
  readonly result: 'true' | 'false' | 'undefined';
  readonly compilationErrors: readonly CompilationError[];
};

export function testCondition(text: string, message: TestMessage, twin: JsonObject | undefined): RouteTest {
  const { condition, compilationErrors } = parseCondition(text);
  if (!condition) return { result: 'undefined', compilationErrors };
  const { body = '', appProperties = {}, systemProperties = {} } = message;
  const system = Object.fromEntries(
    Object.entries(systemProperties).map(([name, value]) => [findSystemProperty(name) ?? name, value]),
  );
  const value = evaluate(
    condition.expression,
    conditionScope({ system, application: appProperties, body: Buffer.from(body) }, () => twin),
  );
  return { result: value === true ? 'true' : value === false ? 'false' : 'undefined', compilationErrors };
}

/** Those of `routes` that are enabled and take the message. */
export function matchingRoutes(
  routes: readonly Route[],
  source: RouteSource,
  message: TestMessage,
  twin: JsonObject | undefined,
): Route[] {
  return routes.filter(
    (route) => route.isEnabled && route.source === source && testCondition(route.condition, message, twin).result === 'true',
  );
}
