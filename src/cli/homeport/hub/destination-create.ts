import { readFileSync } from 'node:fs';
import type { Command, Invocation } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { administer } from '../administration.ts';
import { jsonOption } from '../json-output.ts';
import { hubOption, hubPath } from './hub-option.ts';
import { routingName } from './routing-options.ts';

export const destinationCreateCommand: Command = {
  options: [
    { name: 'type', value: 'TYPE', isRequired: true, summary: 'webhook, amqp or files' },
    { name: 'url', value: 'URL', summary: 'https://… of a webhook, or amqps://name:password@host:port of a broker' },
    { name: 'url-file', value: 'FILE', summary: 'A file that holds the URL, for one with a secret in it' },
    { name: 'address', value: 'TEXT', summary: 'Where the broker gets messages, in its own words' },
    { name: 'file-name-format', value: 'TEXT', summary: 'Without it {iothub}/{partition}/{YYYY}/{MM}/{DD}/{HH}/{mm}' },
    { name: 'batch-seconds', value: 'N', summary: 'How often files are written: 60 to 720, without it 300' },
    { name: 'chunk-bytes', value: 'N', summary: 'At which size a file is full: 10485760 to 524288000' },
    hubOption,
    jsonOption,
  ],
  positionals: [routingName('destination')],
  examples: [
    'homeport hub destination create alarm --type webhook --url https://alarm.example/events',
    'homeport hub destination create bus --type amqp --url-file broker-url --address /queue/telemetry',
    'homeport hub destination create cold --type files --batch-seconds 60',
  ],
  notes: ['It gets what routes take to it from then on: homeport hub route create NAME --to DESTINATION'],
  async run({ positionals, ...invocation }) {
    const { options, terminal } = invocation;
    const [name = ''] = positionals;
    const path = hubPath(invocation, `/hub/routing/destinations/${encodeURIComponent(name)}`);
    const made = await administer(invocation, { method: 'PUT', path, json: askedOf(invocation) });
    if (options.isSet('json')) return terminal.print(JSON.stringify(made, undefined, 2));
    terminal.print(`Created ${made.name}.`);
  },
};

function askedOf(invocation: Pick<Invocation, 'options'>) {
  const { options } = invocation;
  const type = options.required('type');
  if (type === 'webhook') return { type, url: urlOf(invocation) };
  if (type === 'amqp') return { type, url: urlOf(invocation), address: options.required('address') };
  if (type !== 'files') throw new CommandFailure('usage', `--type got '${type}'.`, { why: 'webhook, amqp and files are known.' });
  const fileNameFormat = options.text('file-name-format');
  const batchSeconds = options.number('batch-seconds', { min: 60, max: 720, isInteger: true });
  const chunkBytes = options.number('chunk-bytes', { min: 10_485_760, max: 524_288_000, isInteger: true });
  return {
    type,
    ...(fileNameFormat === undefined ? {} : { fileNameFormat }),
    ...(batchSeconds === undefined ? {} : { batchSeconds }),
    ...(chunkBytes === undefined ? {} : { chunkBytes }),
  };
}

function urlOf({ options }: Pick<Invocation, 'options'>): string {
  const file = options.text('url-file');
  if (file === undefined) return options.required('url');
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new CommandFailure('usage', `${file} cannot be read.`, { cause });
  }
}
