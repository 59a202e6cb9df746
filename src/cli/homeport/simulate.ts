import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { resolveDataDirectory } from '#base/data-directory.ts';
import { secondMs } from '#base/instant.ts';
import { isJsonObject, type JsonObject } from '#base/json.ts';
import { type CustomCertificate, overrideHooks, readCustomCertificate } from '#devices/custom-certificate.ts';
import { runSphereSimulator, type SimulatorOptions } from '#devices/run-sphere-simulator.ts';
import type { SimulatorEvent } from '#devices/simulator-event.ts';
import type { Command, Invocation } from '../kit/command.ts';
import { CommandFailure } from '../kit/failure.ts';
import type { Options } from '../kit/parse-arguments.ts';
import { administer } from './administration.ts';
import { followClock } from './follow-clock.ts';

/** Sample programs of sphere.md 6.1 that this build has. */
const applications = ['d1', 'd4'] as const;
const knownApplications = ['d1', 'd2', 'd3', 'd4', 'd5a', 'd5b'];

/** Runs a simulated board until it is interrupted. What it needs to know of the server it asks the server. */
export const simulateCommand: Command = {
  options: [
    {
      name: 'app',
      value: 'd1|d4',
      isRequired: true,
      summary: 'd1: AzureIoT thermometer; d4: temperature and humidity for IoT Central',
    },
    { name: 'name', value: 'NAME', summary: 'The board: its keys stand in <data>/devices/NAME; without it the app is the name' },
    { name: 'scope-id', value: 'SCOPE', summary: 'Register with this ID scope instead of the server’s' },
    { name: 'hostname', value: 'HUB', summary: 'Connect to this hub directly, without DPS' },
    { name: 'tenant', value: 'ID', summary: 'The manifest’s DeviceAuthentication: no certificate for boards of other tenants' },
    {
      name: 'custom-cert',
      value: 'FILE',
      summary: 'The owner’s own certificate with its chain, leaf first, instead of the daily one',
    },
    { name: 'custom-key', value: 'FILE', summary: 'Its private key' },
    { name: 'override', value: 'dps|hub|both', summary: 'Where the owner’s certificate is used (default both)' },
    { name: 'key-store', value: 'file', summary: 'Where the identity key is kept' },
    { name: 'buttons', value: 'stdin', summary: 'Read presses from standard input: lines a or b' },
    { name: 'content-type', summary: 'Mark telemetry as application/json, which the samples do not' },
    { name: 'fast', value: 'N', summary: 'Divide all periods by N' },
    { name: 'seed', value: 'N', summary: 'Measure the same values as every board with this seed' },
    { name: 'clock-offset', value: 'SECONDS', summary: 'Be wrong about the time' },
    { name: 'tamper', value: 'COMPONENT', summary: 'Measure this component (id or type) wrongly' },
    { name: 'reuse-nonce', summary: 'Send the first nonce again and again' },
    { name: 'no-renew', summary: 'Keep the first certificate, past its day' },
  ],
  examples: [
    'homeport simulate --app d1',
    'homeport simulate --app d4 --name porch --seed 7',
    'homeport simulate --app d1 --buttons stdin',
  ],
  notes: [
    'A new board waits, attached, until it is claimed: azsphere device claim',
    'Beside a server for development it follows the server’s clock: homeport clock',
  ],
  async run(invocation) {
    const { options, terminal } = invocation;
    const application = chooseApplication(options.required('app'));
    checkChoice(options, 'key-store', ['file']);
    checkChoice(options, 'buttons', ['stdin']);
    const status = await administer(invocation, { method: 'GET', path: '/status' });
    const followed = followDevelopmentClock(invocation, status);
    const simulator = await runSphereSimulator({
      ...simulatorOptions(invocation, status, application),
      ...(followed && { platform: { ...invocation.platform, clock: followed.clock }, hasTrustedClock: false }),
      onEvent: (event) => show(event, terminal.print),
    });
    const stop = () => void simulator.stop();
    const cancels = [terminal.onInterrupt(stop)];
    if (options.isSet('buttons')) cancels.push(terminal.onLine((line) => press(line, simulator.press.bind(simulator))));
    const code = await simulator.finished;
    for (const cancel of cancels) cancel();
    followed?.cancel();
    if (code !== 0) throw new CommandFailure(code, `The program on the board ended with exit code ${code}.`);
  },
};

/** A board beside a development server lives by the server's clock, which may be moved while it runs. */
function followDevelopmentClock(invocation: Invocation, { clock }: JsonObject) {
  if (!isJsonObject(clock) || clock.isDevelopment !== true) return undefined;
  return followClock(invocation.platform.clock, clock, () => administer(invocation, { method: 'GET', path: '/clock' }));
}

function simulatorOptions(
  invocation: Invocation,
  status: JsonObject,
  application: (typeof applications)[number],
): SimulatorOptions {
  const { options, terminal, platform } = invocation;
  const { devicesDirectory } = resolveDataDirectory(terminal.environment, options.text('data'));
  const hostName = options.text('hostname');
  const offset = options.number('clock-offset', { min: -1e9, max: 1e9 });
  return {
    platform,
    application,
    keyStoreDirectory: join(devicesDirectory, boardName(options.text('name') ?? application)),
    socketDirectory: devicesDirectory,
    sphereUrl: textAt(status, 'sphere', 'url'),
    connection:
      hostName === undefined
        ? {
            type: 'dps',
            host: textAt(status, 'dps', 'hostName'),
            port: portAt(status, 'dps'),
            idScope: options.text('scope-id') ?? textAt(status, 'dps', 'idScope'),
          }
        : { type: 'hub', host: hostName },
    hubPort: portAt(status, 'hub'),
    customCertificate: customCertificateOf(invocation),
    ca: readFileSync(textAt({ status }, 'status', 'ca'), 'utf8'),
    tenantId: options.text('tenant'),
    speed: options.number('fast', { min: 1, max: 100_000 }),
    seed: options.text('seed'),
    tamper: options.text('tamper'),
    reusesNonce: options.isSet('reuse-nonce'),
    renews: !options.isSet('no-renew'),
    clockOffsetMs: offset === undefined ? undefined : offset * secondMs,
    statesContentType: options.isSet('content-type'),
  };
}

/** What stands in for the two calls by which an application overrides the daily certificate. */
function customCertificateOf({ options, terminal }: Invocation): CustomCertificate | undefined {
  const [certificate, key] = [options.text('custom-cert'), options.text('custom-key')];
  const overrides = options.text('override') ?? 'both';
  const hook = overrideHooks.find((known) => known === overrides);
  if (!hook) throw new CommandFailure('usage', `--override got '${overrides}'.`, { why: 'It may be dps, hub or both.' });
  if (certificate === undefined && key === undefined && options.text('override') === undefined) return undefined;
  if (certificate === undefined || key === undefined) {
    throw new CommandFailure('usage', 'A certificate of your own needs --custom-cert and --custom-key.');
  }
  const read = (path: string) => readFileSync(resolve(terminal.workingDirectory, path), 'utf8');
  try {
    return readCustomCertificate(read(certificate), read(key), hook);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CommandFailure('failed', `The certificate ${certificate} cannot be used.`, { why, cause });
  }
}

function chooseApplication(text: string): (typeof applications)[number] {
  const found = applications.find((application) => application === text.toLowerCase());
  if (found) return found;
  if (knownApplications.includes(text.toLowerCase())) {
    throw new CommandFailure('failed', `The program ${text} is not supported by this build.`, { why: 'It has d1 and d4.' });
  }
  throw new CommandFailure('usage', `--app got '${text}'.`, { why: 'It may be d1 or d4.', fix: 'homeport simulate --app d1' });
}

function checkChoice(options: Options, name: string, choices: readonly string[]): void {
  const value = options.text(name);
  if (value === undefined || choices.includes(value)) return;
  throw new CommandFailure('usage', `--${name} got '${value}'.`, { why: `This build has ${choices.join(', ')}.` });
}

/** A folder's name, and nothing that leads out of the folder. */
function boardName(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/.test(text)) return text;
  throw new CommandFailure('usage', `--name got '${text}'.`, {
    why: 'It may have 1 to 32 letters, digits, dashes and underscores.',
  });
}

function press(line: string, pressButton: (button: 'A' | 'B') => void): void {
  const button = line.trim().toUpperCase();
  if (button === 'A' || button === 'B') pressButton(button);
}

function show(event: SimulatorEvent, print: (line: string) => void): void {
  if (event.type === 'attached') print(`INFO: Device ID: ${event.deviceId}`);
  if (event.type === 'log') print(`${event.level}: ${event.line}`);
}

function textAt(status: JsonObject, section: string, name: string): string {
  const inner = status[section];
  const value = isJsonObject(inner) ? inner[name] : undefined;
  if (typeof value === 'string') return value;
  throw new CommandFailure('failed', `The server does not say its ${section} ${name}.`, { fix: 'homeport status' });
}

function portAt(status: JsonObject, section: string): number {
  const inner = status[section];
  const value = isJsonObject(inner) ? inner.mqttPort : undefined;
  if (typeof value === 'number') return value;
  throw new CommandFailure('failed', `The server does not say its ${section} port.`, { fix: 'homeport status' });
}
