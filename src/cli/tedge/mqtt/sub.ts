import { isUtf8 } from 'node:buffer';
import type { InboundPublish } from '#edge/broker/local-client.ts';
import { requireTopicFilter } from '#edge/broker/local-message.ts';
import type { Command } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { openSettings, profileOption } from '../tedge-command.ts';
import { connectLocally, durationOption, qosOf, qosOption } from './local-connection.ts';
import { readArgument } from './read-argument.ts';

const timeoutMsDefault = 10_000;
const countMax = 1_000_000_000;
const refusedCode = 0x80;

export const mqttSubCommand: Command = {
  options: [
    qosOption,
    { name: 'no-topic', summary: 'Print the message alone' },
    { name: 'base64', summary: 'Print the message as base64' },
    { name: 'duration', short: 'W', value: 'DURATION', summary: 'End after so long' },
    { name: 'count', short: 'C', value: 'N', summary: 'End after so many messages' },
    { name: 'retained-only', summary: 'Print what the broker had kept; end at the first message that is new' },
    { name: 'connection-timeout', value: 'DURATION', summary: 'Try so long to connect, 10s when absent; 0 for ever' },
    profileOption,
  ],
  positionals: [{ name: 'TOPIC', isRequired: true, summary: 'A topic, or a filter with + and #' }],
  examples: [
    "tedge mqtt sub 'te/#'",
    "tedge mqtt sub --count 1 --duration 10s 'az/twin/res/#'",
    'tedge mqtt sub --no-topic te/errors',
  ],
  notes: ['Each message is a line: [topic] message. One that is not UTF-8 is printed as base64 behind <ERR=NON-UTF8>.'],
  async run(invocation) {
    const { options, positionals, terminal, platform } = invocation;
    const filter = readArgument(() => requireTopicFilter(positionals[0] ?? ''));
    const qos = qosOf(invocation);
    const countLeft = options.number('count', { min: 1, max: countMax, isInteger: true }) ?? Number.POSITIVE_INFINITY;
    const durationMs = durationOption(invocation, 'duration');
    const timeoutMs = durationOption(invocation, 'connection-timeout') ?? timeoutMsDefault;
    const style = { hasTopic: !options.isSet('no-topic'), isBase64: options.isSet('base64') };
    const settings = await openSettings(invocation);
    const done = Promise.withResolvers<void>();
    let left = countLeft;
    const connection = await connectLocally(invocation, settings, {
      timeoutMs,
      onMessage(message) {
        if (left === 0) return;
        if (options.isSet('retained-only') && !message.retain) return done.resolve();
        terminal.print(formatMessage(message, style));
        if (--left === 0) done.resolve();
      },
    });
    const cancels = [terminal.onInterrupt(() => done.resolve())];
    if (durationMs !== undefined) cancels.push(platform.clock.after(durationMs, done.resolve));
    const fail = (why: string) => done.reject(new CommandFailure('failed', `failed to subscribe to ${filter}`, { why }));
    connection.session.subscribe([{ filter, qos }], ([code]) => {
      if (code === refusedCode) fail('The local broker refused.');
    });
    void connection.closed.then((reason) => fail(`The local broker ended the connection (${reason}).`));
    try {
      await done.promise;
    } finally {
      for (const cancel of cancels) cancel();
      connection.session.disconnect();
      await connection.closed;
    }
  },
};

function formatMessage({ topic, payload }: InboundPublish, style: { hasTopic: boolean; isBase64: boolean }): string {
  const base64 = () => payload.toString('base64');
  const text = style.isBase64 ? base64() : isUtf8(payload) ? payload.toString() : `<ERR=NON-UTF8> ${base64()}`;
  return style.hasTopic ? `[${topic}] ${text}` : text;
}
