import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import common from 'azure-iot-common';
import iothub from 'azure-iothub';
import { type CutProxy, openCutProxy } from '#test/support/cut-proxy.ts';
import { makeKnown } from '#test/support/known-names.ts';
import { openSdkColumn, type SdkColumn, type TransportName, transportNames } from '#test/support/sdk-column.ts';
import { type BackEnd, type Operation, operations } from '#test/support/sdk-operations.ts';
import { openServiceBench, type ServiceBench } from '#test/support/service-bench.ts';

/** A client on AMQP asks TLS for a name and takes no address for one. */
const hubName = 'hub.example';
const works = 'yes';
/** Some calls of the SDK wait for good for what is lost. */
const cellMsMax = 40_000;

const noBatch = (protocol: string) => `NotImplementedError: ${protocol} Transport does not support batching yet`;
const noSettling = (verb: string) => `NotImplementedError: ${verb} messages.`;
const notOverHttp = (what: string) => `NotImplementedError: ${what} not implemented over HTTP.`;
const twin = notOverHttp('Twin is');
const methods = notOverHttp('Direct methods are');
const inputs = notOverHttp('Input messages are');

/** What the SDK itself has not, in its own words; everything else works. */
const missing: Readonly<Record<string, Partial<Record<TransportName, string>>>> = {
  'send a batch': {
    Mqtt: noBatch('MQTT'),
    MqttWs: noBatch('MQTT'),
    Amqp: noBatch('AMQP'),
    AmqpWs: noBatch('AMQP'),
  },
  'reject a message': {
    Mqtt: noSettling('the MQTT transport does not support rejecting'),
    MqttWs: noSettling('the MQTT transport does not support rejecting'),
  },
  'abandon a message, which comes again': {
    Mqtt: noSettling('The MQTT transport does not support abandoning'),
    MqttWs: noSettling('The MQTT transport does not support abandoning'),
  },
  'answer a method': { Http: methods },
  'read its twin': { Http: twin },
  'report to its twin': { Http: twin },
  'hear of a desired property': { Http: twin },
  'as a module, send to an output': { Http: notOverHttp('Output events are') },
  'as a module, receive at an input': { Http: inputs },
  'as a module, answer a method': { Http: methods },
  'as a module, report to its twin': { Http: twin },
};

let bench: ServiceBench;
let proxy: CutProxy;
let backEnd: BackEnd;
let columns: SdkColumn[] = [];

before(async () => {
  bench = await openServiceBench(['--host-name', hubName]);
  const { address, status } = bench.home;
  const { mqttPort, amqpPort, httpsPort } = status.hub;
  const near = address.replace(/^127\.(\d+)/, (_all, second) => `127.${Number(second) + 100}`);
  const filesPort = Number(new URL(`https://${status.files?.hostName}`).port || 443);
  proxy = await openCutProxy(near, address, [...new Set([mqttPort, amqpPort, httpsPort, filesPort])]);
  makeKnown(hubName, near);
  const registry = iothub.Registry.fromConnectionString(bench.connectionString('iothubowner'));
  const said = (what: string, deviceId: string) =>
    bench.home
      .log()
      .split('\n')
      .filter((line) => line.includes(`"device.${what}"`) && line.includes(`"${deviceId}"`) && !line.includes('moduleId')).length;
  backEnd = {
    registry,
    service: iothub.Client.fromConnectionString(bench.connectionString('service')),
    send: (deviceId, body) => bench.sendMessage(deviceId, body),
    async sendToInput(deviceId, input, body) {
      await bench.sendMessage(deviceId, body, { 'iothub-app-unit': 'C' }, `modules/m/inputs/${input}`);
    },
    sessions: (deviceId) => ({ connected: said('connected', deviceId), disconnected: said('disconnected', deviceId) }),
  };
  columns = await Promise.all(transportNames.map((name) => openSdkColumn(bench, registry, name)));
});
after(async () => {
  await Promise.all(columns.map((column) => column.close()));
  await proxy?.close();
  await bench?.close();
});

/** Whether it works, or the SDK's own error, which arises in its package and is sent by nobody. */
async function cellOf({ run, name }: Operation, column: SdkColumn): Promise<string> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`nothing within ${cellMsMax} ms`)), cellMsMax);
  try {
    await Promise.race([run(column, backEnd), late.promise]);
    return works;
  } catch (error) {
    const isOwn = error instanceof common.errors.NotImplementedError || (error as Error).name === 'NotImplementedError';
    const thrownIn = (error as Error).stack?.split('\n').find((line) => line.includes('    at ')) ?? '';
    if (isOwn && thrownIn.includes('/node_modules/azure-iot-device-')) return `NotImplementedError: ${(error as Error).message}`;
    throw new Error(`${name} over ${column.transport}: ${(error as Error).message}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

test('the unmodified SDK goes through one scenario over each of its five transports, as the table says', async (t) => {
  const rows: string[] = [];
  for (const operation of operations) {
    await t.test(operation.name, async () => {
      if (operation.before === 'cut') proxy.cut();
      const done = await Promise.allSettled(columns.map((column) => cellOf(operation, column)));
      const cells = done.map((cell) => (cell.status === 'fulfilled' ? cell.value : String(cell.reason)));
      const wanted = transportNames.map((transport) => missing[operation.name]?.[transport] ?? works);
      assert.deepEqual(cells, wanted);
      rows.push(`| ${[operation.name, ...cells].join(' | ')} |`);
    });
  }
  const table = [`| operation | ${transportNames.join(' | ')} |`, '| --- | --- | --- | --- | --- | --- |', ...rows].join('\n');
  t.diagnostic(`\n${table}`);
  const page = readFileSync(join(import.meta.dirname, '../../../docs/compatibility/azure-iot-device.md'), 'utf8');
  assert.ok(page.includes(`\n${table}\n`), 'the table that was printed is not that of docs/compatibility/azure-iot-device.md');
});
