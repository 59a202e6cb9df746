import type { JsonObject } from '#base/json.ts';
import type { Invocation, OptionSpec } from '../../kit/command.ts';
import { jsonValueOf } from './json-value.ts';

/** Beside the method's name. */
export const methodOptions: readonly OptionSpec[] = [
  { name: 'payload', value: 'JSON', summary: 'What the method gets: any JSON, or @FILE' },
  { name: 'timeout', value: 'SECONDS', summary: 'How long the device may take to answer; without it 30' },
  { name: 'connect-timeout', value: 'SECONDS', summary: 'How long to wait for a device that is not connected; without it 0' },
];

export const methodSecondsMax = 300;

/** A method call as the hub's REST takes it. */
export function methodRequestOf(invocation: Pick<Invocation, 'options' | 'terminal'>, methodName: string): JsonObject {
  const { options } = invocation;
  const timeout = options.number('timeout', { min: 5, max: methodSecondsMax, isInteger: true });
  const connectTimeout = options.number('connect-timeout', { min: 0, max: methodSecondsMax, isInteger: true });
  const payload = jsonValueOf(invocation, 'payload');
  return {
    methodName,
    ...(payload === undefined ? {} : { payload }),
    ...(timeout === undefined ? {} : { responseTimeoutInSeconds: timeout }),
    ...(connectTimeout === undefined ? {} : { connectTimeoutInSeconds: connectTimeout }),
  };
}
