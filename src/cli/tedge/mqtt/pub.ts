import type { OutboundPublish } from '#edge/broker/local-client.ts';
import { requireTopicName } from '#edge/broker/local-message.ts';
import { connectionEnded, PendingSends } from '#edge/broker/pending-sends.ts';
import type { Command } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { openSettings, profileOption } from '../tedge-command.ts';
import { attempt } from '../tedge-failure.ts';
import { connectLocally, durationOption, pauseAwake, qosOf, qosOption } from './local-connection.ts';
import { readArgument } from './read-argument.ts';

const timeoutMsDefault = 10_000;
const repeatMax = 1_000_000_000;

export const mqttPubCommand: Command = {
  options: [
    qosOption,
    { name: 'retain', short: 'r', summary: 'The broker keeps it for those who subscribe later' },
    { name: 'base64', summary: 'The message is base64 of what is sent' },
    { name: 'repeat', value: 'N', summary: 'Send it so many times' },
    { name: 'sleep', value: 'DURATION', summary: 'Pause between two; 1s when absent' },
    { name: 'connection-timeout', value: 'DURATION', summary: 'Try so long to connect, 10s when absent; 0 for ever' },
    profileOption,
  ],
  positionals: [
    { name: 'TOPIC', isRequired: true, summary: 'az/messages/events/ goes to the hub' },
    { name: 'MESSAGE', isRequired: true, summary: 'What is sent; one that begins with a dash stands behind --' },
  ],
  examples: [
    `tedge mqtt pub az/messages/events/ '{"temperature": 20}'`,
    `tedge mqtt pub --retain te/device/main///a/overheat '{"severity": "major"}'`,
    'tedge mqtt pub --repeat 10 --sleep 500ms te/device/main///m/ \'{"n": 1}\'',
  ],
  notes: ['Ends when the broker has acknowledged. Of what goes to the hub that means: it is on this disk.'],
  async run(invocation) {
    const { options, positionals, platform } = invocation;
    const [topicWord = '', text = ''] = positionals;
    const topic = readArgument(() => requireTopicName(topicWord));
    const message: OutboundPublish = {
      topic,
      payload: options.isSet('base64') ? decodeBase64(text) : text,
      qos: qosOf(invocation),
      retain: options.isSet('retain'),
    };
    const repeat = options.number('repeat', { min: 1, max: repeatMax, isInteger: true }) ?? 1;
    const sleepMs = durationOption(invocation, 'sleep') ?? 1_000;
    const timeoutMs = durationOption(invocation, 'connection-timeout') ?? timeoutMsDefault;
    const settings = await openSettings(invocation);
    const connection = await connectLocally(invocation, settings, { timeoutMs });
    const pending = new PendingSends(connection);
    await attempt(`publish on ${topic}`, async () => {
      for (let sent = 0; sent < repeat; sent++) {
        if (sent > 0) await pauseAwake(platform.clock, sleepMs);
        // Of QoS 0 there is no acknowledgement.
        const { promise, resolve, reject } = pending.begin();
        if (!connection.session.publish(message, resolve)) reject(connectionEnded('before the message was sent'));
        else if (message.qos === 0) resolve();
        await promise;
      }
    });
    connection.session.disconnect();
    await connection.closed;
  },
};

function decodeBase64(text: string): Buffer {
  if (/^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0) return Buffer.from(text, 'base64');
  throw new CommandFailure('usage', 'The message is not base64.');
}
