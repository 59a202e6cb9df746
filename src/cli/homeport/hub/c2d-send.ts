import type { Command, Invocation } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { administer } from '../administration.ts';
import { jsonOption } from '../json-output.ts';
import { hubOption, hubPath } from './hub-option.ts';
import { deviceIdOption } from './identity-options.ts';

const acknowledgements = ['none', 'positive', 'negative', 'full'];

export const c2dSendCommand: Command = {
  options: [
    deviceIdOption,
    { name: 'module-id', value: 'ID', summary: 'Send to this module of the device' },
    { name: 'input', value: 'NAME', summary: 'Send to this input of the module' },
    { name: 'body', value: 'TEXT', isRequired: true, summary: 'What the device gets' },
    {
      name: 'property',
      value: 'NAME=VALUE',
      isRepeatable: true,
      summary: 'A property of the application; may be given more than once',
    },
    { name: 'message-id', value: 'ID', summary: 'What feedback names the message by' },
    { name: 'correlation-id', value: 'ID', summary: 'What the message is an answer to' },
    { name: 'content-type', value: 'TYPE', summary: 'For instance application/json' },
    { name: 'content-encoding', value: 'NAME', summary: 'For instance utf-8' },
    { name: 'ack', value: 'KIND', summary: 'Feedback: none, positive, negative or full' },
    { name: 'expires-in', value: 'MINUTES', summary: 'How long it waits for the device; without it as the hub is set' },
    hubOption,
    jsonOption,
  ],
  examples: [
    'homeport hub c2d send --device-id dev1 --body hello',
    `homeport hub c2d send -d dev1 --body '{"led":true}' --content-type application/json --property priority=high`,
    'homeport hub c2d send -d dev1 --module-id filter --input in1 --body 21.5',
    'homeport hub c2d send -d dev1 --body restart --message-id m-1 --ack full --expires-in 5',
  ],
  notes: ['The message waits until the device completes it, at most two days. 50 may wait for a device.'],
  async run(invocation) {
    const { options, terminal } = invocation;
    const deviceId = options.required('device-id');
    const minutes = options.number('expires-in', { min: 1, max: 2_880 });
    const sent = await administer(invocation, {
      method: 'POST',
      path: hubPath(invocation, `/hub/devices/${encodeURIComponent(deviceId)}/messages`),
      json: {
        data: options.required('body'),
        ...given(invocation, {
          moduleId: 'module-id',
          input: 'input',
          messageId: 'message-id',
          correlationId: 'correlation-id',
          contentType: 'content-type',
          contentEncoding: 'content-encoding',
        }),
        ...acknowledgementOf(options.text('ack')),
        ...(minutes === undefined ? {} : { minutes }),
        properties: options.list('property').map(propertyOf),
      },
    });
    if (options.isSet('json')) return terminal.print(JSON.stringify(sent, undefined, 2));
    terminal.print(`Queued for ${deviceId} until ${sent.expiresAt}; ${sent.pending} waiting.`);
  },
};

function given({ options }: Pick<Invocation, 'options'>, names: Readonly<Record<string, string>>): Record<string, string> {
  const pairs = Object.entries(names).map(([member, name]) => [member, options.text(name)] as const);
  return Object.fromEntries(pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined));
}

function acknowledgementOf(kind: string | undefined): { acknowledgement?: string } {
  if (kind === undefined) return {};
  if (acknowledgements.includes(kind)) return { acknowledgement: kind };
  throw new CommandFailure('usage', `--ack got '${kind}'.`, { why: 'none, positive, negative and full are known.' });
}

function propertyOf(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new CommandFailure('usage', `--property got '${text}'.`, {
    why: 'It takes a name and a value: --property priority=high',
  });
}
