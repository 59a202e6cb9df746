import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { BlockBlobClient } from '@azure/storage-blob';
import device from 'azure-iot-device';
import type iothub from 'azure-iothub';
import { eventually } from './eventually.ts';
import type { DeviceClient, SdkColumn } from './sdk-column.ts';

const { Message } = device;
type Twin = Awaited<ReturnType<DeviceClient['getTwin']>>;

/** What the other side of an operation needs. */
export type BackEnd = {
  readonly registry: iothub.Registry;
  readonly service: iothub.Client;
  /** Queues a message for the device. */
  send(deviceId: string, body: string): Promise<void>;
  /** Queues a message for an input of the module. */
  sendToInput(deviceId: string, input: string, body: string): Promise<void>;
  /** How often the device was let in, and how often its session ended, by the hub's log. */
  sessions(deviceId: string): { connected: number; disconnected: number };
};

/** One row of the table: what an application does with the SDK, and what must come of it. Rows build upon those before. */
export type Operation = {
  readonly name: string;
  /** Run once before the row, for all columns at once. */
  readonly before?: 'cut';
  run(column: SdkColumn, backEnd: BackEnd): Promise<void>;
};

const twins = new Map<SdkColumn, Twin>();
/** What each column heard of desired properties. */
const heard = new Map<SdkColumn, unknown[]>();

function report(twin: Twin, patch: object): Promise<void> {
  return new Promise((resolve, reject) =>
    twin.properties.reported.update(patch, (error?: Error) => (error ? reject(error) : resolve())),
  );
}

async function answer(deviceId: string, moduleId: string | undefined, { service }: BackEnd): Promise<void> {
  const parameters = { methodName: 'brew', payload: { cups: 2 }, connectTimeoutInSeconds: 30 };
  const { result } = await (moduleId === undefined
    ? service.invokeDeviceMethod(deviceId, parameters)
    : service.invokeDeviceMethod(deviceId, moduleId, parameters));
  assert.deepEqual(result, { status: 418, payload: { got: { cups: 2 } } });
}

/** Sets a desired property until `column` hears of it: the SDK does not tell when its subscription is granted. */
async function hears(column: SdkColumn, { registry }: BackEnd, value: string): Promise<void> {
  await eventually(async () => {
    if (heard.get(column)?.includes(value)) return true;
    await registry.updateTwin(column.deviceId, { properties: { desired: { wanted: value } } }, '*');
    return undefined;
  }, 30_000);
}

type Ticket = { correlationId: string; hostName: string; containerName: string; blobName: string; sasToken: string };

/** Where the SDK is told to put a file of this name, by the client with which applications put it there. */
async function placeFor(client: DeviceClient, name: string) {
  const { correlationId, hostName, containerName, blobName, sasToken } = (await client.getBlobSharedAccessSignature(
    name,
  )) as Ticket;
  return { correlationId, blob: new BlockBlobClient(`https://${hostName}/${containerName}/${blobName}${sasToken}`) };
}

/** What the SDK signs tokens with, which no public call shows. */
type Signing = {
  _transport: {
    _authenticationProvider: { getDeviceCredentials(): Promise<{ sharedAccessSignature: string }> };
  };
};

export const operations: readonly Operation[] = [
  {
    name: 'open',
    async run({ client, module }) {
      await client.open();
      await module.open();
    },
  },
  {
    name: 'send a message',
    async run({ client, transport, arrival }) {
      const body = `"one over ${transport}"`;
      const message = new Message(body);
      message.messageId = 'm-1';
      message.contentType = 'application/json';
      message.contentEncoding = 'utf-8';
      message.properties.add('alert', 'true & more=1');
      message.properties.add('dt-subject', 'thermostat1');
      await client.sendEvent(message);
      const { system, application } = (await arrival(body)).properties();
      assert.deepEqual(
        [system['message-id'], system['content-type'], system['content-encoding'], system['dt-subject'], application.alert],
        ['m-1', 'application/json', 'utf-8', 'thermostat1', 'true & more=1'],
      );
    },
  },
  {
    name: 'send a batch',
    async run({ client, transport, arrival }) {
      const bodies = ['first', 'second'].map((word) => `"${word} of a batch over ${transport}"`);
      await client.sendEventBatch(bodies.map((body) => new Message(body)));
      for (const body of bodies) await arrival(body);
    },
  },
  {
    name: 'receive a message and complete it',
    async run(column, { send }) {
      column.listen();
      await send(column.deviceId, 'to complete');
      const message = await column.next();
      assert.equal(message.getData().toString(), 'to complete');
      await column.client.complete(message);
      await column.isEmpty();
    },
  },
  {
    name: 'reject a message',
    async run(column, { send }) {
      await send(column.deviceId, 'to reject');
      await column.client.reject(await column.next());
      await column.isEmpty();
    },
  },
  {
    name: 'abandon a message, which comes again',
    async run(column, { send }) {
      await send(column.deviceId, 'to abandon');
      await column.client.abandon(await column.next());
      const again = await column.next();
      assert.equal(again.getData().toString(), 'to abandon');
      await column.client.complete(again);
      await column.isEmpty();
    },
  },
  {
    name: 'answer a method',
    async run({ client, deviceId }, backEnd) {
      client.onDeviceMethod('brew', (request, response) => {
        response.send(418, { got: request.payload }, () => {});
      });
      await answer(deviceId, undefined, backEnd);
    },
  },
  {
    name: 'read its twin',
    async run(column, { registry }) {
      await registry.updateTwin(column.deviceId, { properties: { desired: { wanted: 'at first' } } }, '*');
      const twin = await column.client.getTwin();
      assert.equal(twin.properties.desired.wanted, 'at first');
      twins.set(column, twin);
    },
  },
  {
    name: 'report to its twin',
    async run(column, { registry }) {
      const twin = twins.get(column) ?? (await column.client.getTwin());
      await report(twin, { battery: 55 });
      const { responseBody } = await registry.getTwin(column.deviceId);
      assert.equal(responseBody.properties.reported.battery, 55);
    },
  },
  {
    name: 'hear of a desired property',
    async run(column, backEnd) {
      const twin = twins.get(column) ?? (await column.client.getTwin());
      const values: unknown[] = [];
      heard.set(column, values);
      twin.on('properties.desired', ({ wanted }: { wanted?: unknown }) => values.push(wanted));
      await hears(column, backEnd, 'pushed');
    },
  },
  {
    name: 'as a module, send to an output',
    async run({ module, transport, arrival }) {
      const body = `"to an output over ${transport}"`;
      await module.sendOutputEvent('out1', new Message(body));
      const event = await arrival(body);
      assert.deepEqual([event.moduleId, event.properties().system['iothub-outputname']], ['m', 'out1']);
    },
  },
  {
    name: 'as a module, receive at an input',
    async run({ module, deviceId, transport }, { sendToInput }) {
      const arrived = Promise.withResolvers<[input: string, message: InstanceType<typeof Message>]>();
      module.once('error', arrived.reject);
      module.on('inputMessage', (input: string, message: InstanceType<typeof Message>) => arrived.resolve([input, message]));
      await sendToInput(deviceId, 'in1', 'to an input');
      const [input, message] = await arrived.promise;
      assert.deepEqual([input, message.getData().toString(), message.properties.getValue('unit')], ['in1', 'to an input', 'C']);
      // Over MQTT the SDK has acknowledged it already.
      if (transport.startsWith('Amqp')) await module.complete(message);
    },
  },
  {
    name: 'as a module, answer a method',
    async run({ module, deviceId }, backEnd) {
      module.onMethod('brew', (request, response) => {
        response?.send(418, { got: request?.payload }, () => {});
      });
      await answer(deviceId, 'm', backEnd);
    },
  },
  {
    name: 'as a module, report to its twin',
    async run({ module, deviceId }, { registry }) {
      await report(await module.getTwin(), { firmware: '1.2' });
      const { responseBody } = await registry.getModuleTwin(deviceId, 'm');
      assert.equal(responseBody.properties.reported.firmware, '1.2');
    },
  },
  {
    name: 'upload a file',
    async run({ client, transport }) {
      const content = Buffer.from(`a file over ${transport}`);
      await client.uploadToBlob('logs/whole.txt', Readable.from([content]), content.length);
      const { blob, correlationId } = await placeFor(client, 'logs/whole.txt');
      assert.deepEqual(await blob.downloadToBuffer(), content);
      await client.notifyBlobUploadStatus(correlationId, false, 0, 'only looked');
    },
  },
  {
    name: 'upload a file in blocks, and tell of it',
    async run({ client }) {
      const { blob, correlationId } = await placeFor(client, 'logs/blocks.txt');
      const ids = ['one', 'two'].map((id) => Buffer.from(id).toString('base64'));
      for (const id of ids) await blob.stageBlock(id, id, id.length);
      await blob.commitBlockList(ids);
      await client.notifyBlobUploadStatus(correlationId, true, 201, 'Created');
      assert.equal((await blob.downloadToBuffer()).toString(), ids.join(''));
      // It is over: there is nothing more to tell of.
      await assert.rejects(client.notifyBlobUploadStatus(correlationId, true, 201, 'Created'));
    },
  },
  {
    name: 'go on after the network was cut',
    before: 'cut',
    async run(column, backEnd) {
      const { client, deviceId, transport, arrival } = column;
      const body = `"after the cut over ${transport}"`;
      // It comes back by itself, for what it listens to. What it is given before it has noticed may wait for good, in the SDK.
      if (transport !== 'Http') await eventually(() => (backEnd.sessions(deviceId).connected >= 2 ? true : undefined), 30_000);
      // Over HTTPS a request on a connection that was just cut fails, and the next one opens another.
      if (transport === 'Http') await eventually(async () => (await client.sendEvent(new Message(body))) && true);
      else await client.sendEvent(new Message(body));
      await arrival(body);
      await backEnd.send(deviceId, 'after the cut');
      const message = await column.next();
      assert.equal(message.getData().toString(), 'after the cut');
      await client.complete(message);
      await column.isEmpty();
      // Over HTTPS there is nothing more that could be lost.
      if (transport === 'Http') return;
      await answer(deviceId, undefined, backEnd);
      await answer(deviceId, 'm', backEnd);
      await hears(column, backEnd, 'after the cut');
    },
  },
  {
    name: 'renew its token',
    async run({ newClient, client: first, deviceId, transport, arrival }, { sessions }) {
      await first.close();
      const client = await newClient({ tokenRenewal: { tokenValidTimeInSeconds: 4, tokenRenewalMarginInSeconds: 2 } });
      const { _transport } = client as unknown as Signing;
      const token = async () => (await _transport._authenticationProvider.getDeviceCredentials()).sharedAccessSignature;
      await client.open();
      await client.sendEvent(new Message(`"under its first token over ${transport}"`));
      const before = sessions(deviceId);
      const tokens = new Set([await token()]);
      await eventually(async () => (tokens.add(await token()).size >= 3 ? true : undefined), 30_000);
      const body = `"under a later token over ${transport}"`;
      await client.sendEvent(new Message(body));
      await arrival(body);
      // MQTT knows no other way than to connect anew; AMQP shows the new token where it is.
      if (transport.startsWith('Amqp')) assert.deepEqual(sessions(deviceId), before);
      if (transport.startsWith('Mqtt')) {
        await eventually(() => (sessions(deviceId).connected >= before.connected + 2 ? true : undefined));
      }
    },
  },
];
