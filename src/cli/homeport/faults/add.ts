import type { JsonObject } from '#base/json.ts';
import type { Command, Invocation } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { administer } from '../administration.ts';
import { readSpan } from '../clock/read-span.ts';
import { hubOption, hubPath } from '../hub/hub-option.ts';
import { jsonOption } from '../json-output.ts';
import { ruleSentence } from './rule-words.ts';

const effects = ['latency', 'drop', 'kill', 'throttle', 'refuse'];
const protocols = ['mqtt', 'amqp', 'https'];

export const faultsAddCommand: Command = {
  positionals: [{ name: 'WHAT', isRequired: true, summary: 'latency, drop, kill, throttle or refuse' }],
  options: [
    { name: 'device-id', short: 'd', value: 'ID', summary: 'For this device and its modules' },
    { name: 'module-id', value: 'ID', summary: 'For this module of the device alone' },
    { name: 'percent', value: 'N', summary: 'For so many of the devices, always the same ones' },
    { name: 'all', summary: 'For every device' },
    { name: 'ms', value: 'N', summary: 'With latency: how much later acknowledgements and answers are' },
    { name: 'every', value: 'SPAN', summary: 'With kill: how often, as 30s; without it once, now' },
    { name: 'protocol', value: 'NAME', summary: 'mqtt, amqp or https alone; WebSockets count as what they carry' },
    { name: 'for', value: 'SPAN', summary: 'How long, as 90s or 10m; without it until it is removed' },
    hubOption,
    jsonOption,
  ],
  examples: [
    'homeport faults add latency --device-id dev1 --ms 800 --for 10m',
    'homeport faults add kill --all',
    'homeport faults add kill --percent 10 --every 30s --protocol mqtt',
  ],
  notes: [
    'latency: acknowledgements and answers come later. drop: messages are neither acknowledged nor stored. kill: the line is cut.',
    'throttle: messages and twin requests are refused as too many. refuse: sign-ins are refused; who is signed in stays.',
    'Only where the setting hub.faults is rules or messages. A restart of the server ends every fault.',
  ],
  async run(invocation) {
    const { options, terminal, positionals } = invocation;
    const [what = ''] = positionals;
    if (!effects.includes(what)) {
      throw new CommandFailure('usage', `There is no fault '${what}'.`, { why: `${listOf(effects)} are known.` });
    }
    const protocol = options.text('protocol');
    if (protocol !== undefined && !protocols.includes(protocol)) {
      throw new CommandFailure('usage', `--protocol got '${protocol}'.`, { why: `${listOf(protocols)} are known.` });
    }
    const span = options.text('for');
    const answer = await administer(invocation, {
      method: 'POST',
      path: hubPath(invocation, '/faults'),
      json: {
        target: targetOf(invocation),
        effect: effectOf(invocation, what),
        ...(protocol === undefined ? {} : { protocol }),
        ...(span === undefined ? {} : { durationMs: readSpan(span, 'homeport faults add drop --all --for 10m') }),
      },
    });
    if (options.isSet('json')) return terminal.print(JSON.stringify(answer, undefined, 2));
    if (answer.id === undefined)
      terminal.print(`Cut ${answer.killed === 1 ? '1 connection' : `${String(answer.killed)} connections`}.`);
    else terminal.print(`${String(answer.id)}: ${ruleSentence(answer)}.`);
  },
};

function targetOf({ options }: Invocation): JsonObject {
  const deviceId = options.text('device-id');
  const moduleId = options.text('module-id');
  const percent = options.number('percent', { min: 1, max: 100 });
  const given = [deviceId !== undefined, percent !== undefined, options.isSet('all')].filter((isGiven) => isGiven).length;
  if (given !== 1) {
    throw new CommandFailure('usage', given === 0 ? 'Nobody is named.' : 'More than one target is named.', {
      why: 'One of --device-id, --percent and --all says for whom it is.',
    });
  }
  if (moduleId !== undefined && deviceId === undefined) {
    throw new CommandFailure('usage', '--module-id needs --device-id.', { why: 'A module is one of a device.' });
  }
  if (deviceId !== undefined) return { kind: 'device', deviceId, ...(moduleId === undefined ? {} : { moduleId }) };
  return percent === undefined ? { kind: 'all' } : { kind: 'percentage', percent };
}

function effectOf({ options }: Invocation, kind: string): JsonObject {
  const ms = options.number('ms', { min: 1, max: 60_000 });
  const every = options.text('every');
  if (ms !== undefined && kind !== 'latency') throw new CommandFailure('usage', '--ms goes with latency alone.');
  if (every !== undefined && kind !== 'kill') throw new CommandFailure('usage', '--every goes with kill alone.');
  if (kind === 'latency' && ms === undefined) {
    throw new CommandFailure('usage', '--ms is missing.', { fix: 'homeport faults add latency --all --ms 500' });
  }
  return {
    kind,
    ...(ms === undefined ? {} : { ms }),
    ...(every === undefined ? {} : { everyMs: readSpan(every, 'homeport faults add kill --all --every 30s') }),
  };
}

function listOf(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
