import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type AmqpBench, openAmqpBench } from '#test/support/amqp-bench.ts';
import { type AmqpTestClient, errorIn, nothing, uint } from '#test/support/amqp-client.ts';
import { type HubBench, hubHost, openHubBench, settled, until } from '#test/support/hub-bench.ts';
import * as encode from '#wire/amqp/encode.ts';
import { type Frame, performative } from '#wire/amqp/frame-reader.ts';
import { decodeMessage, encodeMessage } from '#wire/amqp/message.ts';
import { amqpHeader } from '#wire/amqp/sasl.ts';
import { Described, ValueReader } from '#wire/amqp/value.ts';
import { encodeSystemProperties } from '../events/event-record.ts';
import { partitionOf } from '../events/partition.ts';

const system = encodeSystemProperties({ 'iothub-connection-auth-method': '{"type":"sas"}', 'dt-dataschema': 'dtmi:a:b;1' });
const selector = 'apache.org:selector-filter:string';
/** How the JavaScript client names the filter, and how those of Python do. */
const numericDescriptor = encode.ulong(0x0000_468c_0000_0004);
const symbolicDescriptor = encode.symbol(selector);

function filterOf(text: string, descriptor: Buffer = numericDescriptor): Buffer {
  return encode.map([[encode.symbol(selector), Buffer.concat([Buffer.from([0]), descriptor, encode.string(text)])]]);
}

type ReadOptions = {
  handle?: number;
  device?: string;
  group?: string;
  filter?: Buffer;
  credit?: number;
  epoch?: number;
  address?: string;
  sndSettleMode?: number;
  rcvSettleMode?: number;
  desiredCapabilities?: Buffer;
};

describe('readers of events on AMQP', () => {
  let bench: HubBench;
  let amqp: AmqpBench;
  beforeEach(async () => {
    bench = await openHubBench();
    amqp = openAmqpBench(bench);
  });
  afterEach(async () => {
    amqp.stop();
    await bench.close();
  });

  const partition = (device: string) => partitionOf(device, bench.events.partitions);

  /** Resolves when it is on disk and whoever was woken by the one before has rested. */
  async function send(deviceId: string, body: string | Buffer, { bag = '', moduleId }: { bag?: string; moduleId?: string } = {}) {
    const event = {
      source: 'Telemetry',
      deviceId,
      moduleId,
      enqueuedAt: bench.clock.now(),
      bag,
      system,
      body: Buffer.from(body),
    } as const;
    await new Promise<void>((resolve, reject) => {
      bench.events.append(event, (problem) => (problem ? reject(problem) : resolve()));
    });
    bench.clock.advance(5);
  }

  async function dial(): Promise<AmqpTestClient> {
    const client = amqp.dial();
    client.open();
    client.cbs();
    client.putToken(0, amqp.policyToken('service', { isText: true }), `sb://${hubHost}/home`);
    assert.equal((await client.cbsReply()).status, 200);
    return client;
  }

  /** What the server calls the links of a client, by what the client calls them. */
  const handles = new WeakMap<AmqpTestClient, Map<number, unknown>>();

  /** Attaches, and gives credit without waiting for the answer, which is returned. */
  async function attach(client: AmqpTestClient, options: ReadOptions = {}): Promise<Frame> {
    const { handle = 2, device = 'dev1', group = '$Default', credit = 100, epoch, address, ...more } = options;
    const { filter = filterOf("amqp.annotation.x-opt-offset > '-1'") } = options;
    client.attach({
      handle,
      isSender: false,
      address: address ?? `home/ConsumerGroups/${group}/Partitions/${partition(device)}`,
      ...more,
      filter,
      ...(epoch === undefined ? {} : { typedProperties: [['com.microsoft:epoch', encode.long(epoch)]] }),
    });
    if (credit > 0) client.flow(handle, credit);
    return answered(client, handle);
  }

  async function answered(client: AmqpTestClient, handle: number): Promise<Frame> {
    const answer = await client.next(performative.attach, ({ fields: [name] }) => name === `link-${handle}`);
    const known = handles.get(client) ?? new Map();
    handles.set(client, known.set(handle, answer.fields[1]));
    return answer;
  }

  const isOf =
    (client: AmqpTestClient, handle: number) =>
    ({ fields: [own] }: Frame) =>
      own === (handles.get(client)?.get(handle) ?? handle);

  /** Bodies of the next messages on a link; only those that are there or come now. */
  async function bodies(client: AmqpTestClient, count: number, handle = 2): Promise<string[]> {
    const got: string[] = [];
    while (got.length < count) {
      const { payload } = await client.next(performative.transfer, isOf(client, handle));
      got.push(Buffer.concat(decodeMessage(payload).data).toString());
    }
    return got;
  }

  /** With which condition a link ends. */
  async function refusal(client: AmqpTestClient, handle = 2): Promise<unknown> {
    return errorIn(await client.next(performative.detach, isOf(client, handle))).condition;
  }

  test('hub-service 78: the hub’s own paths of events lead to the endpoint, with host, port and address', async () => {
    const plain = amqp.dial();
    const credentials = Buffer.from(`\0service@sas.root.home\0${amqp.policyToken('service')}`);
    assert.equal(await plain.sasl('PLAIN', credentials), 0);
    plain.open();
    for (const [handle, path] of [
      [2, '$management'],
      [3, 'ConsumerGroups/$Default/Partitions/1'],
    ] as const) {
      plain.attach({ handle, address: `amqps://${hubHost}/messages/events/${path}`, isSender: false });
      await answered(plain, handle);
      const detach = await plain.next(performative.detach, isOf(plain, handle));
      assert.equal(detach.fields[1], true);
      const { condition, info } = errorIn(detach);
      assert.equal(condition, 'amqp:link:redirect');
      assert.deepEqual(Object.fromEntries(info as Map<string, unknown>), {
        hostname: hubHost,
        'network-host': hubHost,
        port: 5671,
        address: `amqps://${hubHost}:5671/home/${path}`,
      });
      assert.ok(detach.bytes.includes(encode.int(5671)), 'the port is an int');
    }
  });

  test('hub-service 79: $management answers a ulong id without reply-to, in the types that strict clients want', async () => {
    await send('dev1', 'a');
    await send('dev1', 'b');
    const client = await dial();
    client.attach({ handle: 2, address: '$management', isSender: true });
    client.attach({ handle: 3, address: `amqps://${hubHost}/home/$management`, isSender: false });
    await answered(client, 3);
    client.flow(3, 10);
    let deliveryId = 1;
    const ask = async (application: Record<string, string>) => {
      const pairs = Object.entries(application).map(([name, value]) => [name, encode.string(value)] as const);
      const payload = encodeMessage({
        properties: { messageId: encode.ulong(deliveryId) },
        application: pairs,
        data: Buffer.from('[]'),
      });
      client.transfer({ handle: 2, deliveryId, payload });
      const reply = await client.next(performative.transfer, isOf(client, 3));
      assert.deepEqual(decodeMessage(reply.payload).encodedCorrelationId, encode.ulong(deliveryId++));
      return { ...decodeMessage(reply.payload), payload: reply.payload };
    };
    const hub = await ask({ operation: 'READ', name: 'home', type: 'com.microsoft:eventhub', security_token: 'x' });
    assert.equal(hub.application.get('status-code'), 200);
    assert.equal(hub.application.get('statusCode'), 200);
    assert.deepEqual(hub.value instanceof Map && [...hub.value.keys()], [
      'name',
      'type',
      'created_at',
      'partition_count',
      'partition_ids',
    ]);
    const pair = (name: string, value: Buffer) => Buffer.concat([encode.string(name), value]);
    for (const each of [
      pair('partition_count', encode.int(4)),
      pair('partition_ids', encode.stringArray(['0', '1', '2', '3'])),
      pair('created_at', encode.timestamp(bench.hub.eventsEndpoint.groups.find('$Default')?.createdAt ?? 0)),
    ]) {
      assert.ok(hub.payload.includes(each));
    }
    const number = String(partition('dev1'));
    const described = await ask({
      operation: 'READ',
      name: 'messages/events',
      type: 'com.microsoft:partition',
      partition: number,
    });
    const last = bench.events.partitionLog.last(partition('dev1'));
    for (const each of [
      pair('partition', encode.string(number)),
      pair('begin_sequence_number', encode.long(0)),
      pair('last_enqueued_sequence_number', encode.long(1)),
      pair('last_enqueued_offset', encode.string(String(last.position))),
      pair('last_enqueued_time_utc', encode.timestamp(last.enqueuedAt)),
      pair('is_partition_empty', encode.boolean(false)),
    ]) {
      assert.ok(described.payload.includes(each));
    }
    const unknown = await ask({ operation: 'READ', name: 'home', type: 'com.microsoft:partition', partition: '4' });
    assert.deepEqual(
      [unknown.application.get('status-code'), unknown.application.get('error-condition')],
      [404, 'com.microsoft:argument-out-of-range'],
    );
    const elsewhere = await ask({ operation: 'READ', name: 'elsewhere', type: 'com.microsoft:eventhub' });
    assert.equal(elsewhere.application.get('error-condition'), 'amqp:not-found');
  });

  test('hub-service 81, 82: every way to write a position is understood, and the filter comes back as it was sent', async () => {
    const times: number[] = [];
    for (let n = 0; n < 5; n++) {
      times.push(bench.clock.now());
      await send('dev1', String(n));
      bench.clock.advance(1_000);
    }
    const events = await bench.events.read({ from: bench.events.start, max: 10 });
    const offset = events[2]?.position;
    const client = await dial();
    let handle = 2;
    for (const [text, expected] of [
      ["amqp.annotation.x-opt-offset > '-1'", '01234'],
      [`amqp.annotation.x-opt-offset > '${offset}'`, '34'],
      [`amqp.annotation.x-opt-offset >= '${offset}'`, '234'],
      ["amqp.annotation.x-opt-sequence-number > '2'", '34'],
      ['amqp.annotation.x-opt-sequence-number >= 2', '234'],
      ["amqp.annotation.x-opt-sequence-number >= '2'", '234'],
      ["amqp.annotation.x-opt-sequence-number > '-1'", '01234'],
      [`amqp.annotation.x-opt-enqueued-time > '${times[1]}'`, '234'],
      // As the command line's monitor-events writes it.
      [`amqp.annotation.x-opt-enqueuedtimeutc > ${times[1]}`, '234'],
      ["amqp.annotation.x-opt-enqueued-time > '0'", '01234'],
      ["amqp.annotation.x-opt-offset > '1'", '01234'],
    ] as const) {
      for (const descriptor of [numericDescriptor, symbolicDescriptor]) {
        const filter = filterOf(text, descriptor);
        const answer = await attach(client, { handle, filter });
        const described = Buffer.concat([Buffer.from([0]), descriptor, encode.string(text)]);
        assert.ok(answer.bytes.includes(described), text);
        assert.deepEqual((await bodies(client, expected.length, handle)).join(''), expected, text);
        client.send(performative.detach, [uint(handle), Buffer.from([0x41])]);
        await client.next(performative.detach);
        handle++;
      }
    }
    await attach(client, { handle, filter: filterOf("amqp.annotation.x-opt-offset > '@latest'") });
    await attach(client, {
      handle: handle + 1,
      filter: filterOf(`amqp.annotation.x-opt-offset > '${bench.events.end + 1_000}'`),
    });
    await attach(client, { handle: handle + 2, filter: filterOf("amqp.annotation.x-opt-sequence-number > '99'") });
    await settled();
    await send('dev1', 'new');
    assert.deepEqual(await bodies(client, 1, handle), ['new']);
    assert.deepEqual(await bodies(client, 1, handle + 1), ['new'], 'behind the end it begins with the next');
    assert.deepEqual(await bodies(client, 1, handle + 2), ['new']);
    await attach(client, { handle: handle + 3, filter: filterOf('color > 3') });
    assert.equal(await refusal(client, handle + 3), 'com.microsoft:argument-error');
  });

  test('hub-service 84: sections come in their order, with annotations of exactly these types', async () => {
    const bag =
      '%24.mid=m-1&%24.cid=c-1&%24.uid=u&%24.ct=application%2Fjson&%24.ce=utf-8&%24.sub=part&%24.ctime=2026-01-01&color=blue%20sky&bare';
    await send('dev1', '{}', { bag, moduleId: 'mod' });
    const client = await dial();
    await attach(client);
    const { payload, fields } = await client.next(performative.transfer, isOf(client, 2));
    assert.equal(fields[4], true, 'settled: the peer left it open');
    const reader = new ValueReader(payload);
    const sections: number[] = [];
    while (!reader.isAtEnd) {
      const section = reader.read();
      if (section instanceof Described && typeof section.descriptor === 'number') sections.push(section.descriptor);
    }
    assert.deepEqual(sections, [0x72, 0x73, 0x74, 0x75]);
    const last = bench.events.partitionLog.last(partition('dev1'));
    const name = `dev1/modules/mod`;
    for (const [key, value] of [
      ['x-opt-sequence-number', encode.long(0)],
      ['x-opt-offset', encode.string(String(last.position))],
      ['x-opt-enqueued-time', encode.timestamp(last.enqueuedAt)],
      ['iothub-enqueuedtime', encode.timestamp(last.enqueuedAt)],
      ['iothub-connection-device-id', encode.string('dev1')],
      ['iothub-connection-module-id', encode.string('mod')],
      ['iothub-connection-auth-method', encode.string('{"type":"sas"}')],
      ['iothub-message-source', encode.string('Telemetry')],
      ['dt-dataschema', encode.string('dtmi:a:b;1')],
      ['dt-subject', encode.string('part')],
    ] as const) {
      assert.ok(payload.includes(Buffer.concat([encode.symbol(key), value])), key);
    }
    const { properties, application, data } = decodeMessage(payload);
    assert.deepEqual(Object.fromEntries(properties), {
      messageId: 'm-1',
      userId: Buffer.from('u'),
      to: `/devices/${name}/messages/events`,
      correlationId: 'c-1',
      contentType: 'application/json',
      contentEncoding: 'utf-8',
    });
    assert.deepEqual(Object.fromEntries(application), { color: 'blue sky', bare: '', 'iothub-creation-time-utc': '2026-01-01' });
    assert.deepEqual(data.map(String), ['{}']);
  });

  test('hub-service 86: owner levels decide who reads, as in the table', async () => {
    const [first, second] = [await dial(), await dial()];
    const device = ['a', 'b', 'c', 'd', 'e'].find((each) => partition(each) !== partition('dev1')) ?? '';
    await attach(first, { epoch: 1 });
    await attach(second, { epoch: 0 });
    assert.equal(await refusal(second), 'amqp:link:stolen');
    await attach(second, { handle: 3 });
    assert.equal(await refusal(second, 3), 'amqp:link:stolen');
    await attach(second, { handle: 4, epoch: 1 });
    assert.equal(await refusal(first), 'amqp:link:stolen');
    await send('dev1', 'mine');
    assert.deepEqual(await bodies(second, 1, 4), ['mine']);
    // Without one, five read beside each other, and the first with one sends them away.
    const many = await dial();
    for (let handle = 2; handle < 8; handle++) await attach(many, { handle, device });
    assert.equal(await refusal(many, 7), 'amqp:resource-limit-exceeded');
    await attach(second, { handle: 5, device, epoch: 0 });
    for (let handle = 2; handle < 7; handle++) assert.equal(await refusal(many, handle), 'amqp:link:stolen');
    second.send(performative.detach, [uint(5), Buffer.from([0x41])]);
    await second.next(performative.detach, isOf(second, 5));
    await attach(many, { handle: 8, device });
    await send(device, 'ours');
    assert.deepEqual(await bodies(many, 1, 8), ['ours']);
  });

  test('hub-service 87: groups, partitions and entities that are not there are refused, and so is who sends', async () => {
    const client = await dial();
    const place = 'ConsumerGroups/$default/Partitions';
    for (const [handle, address, condition] of [
      [2, `home/ConsumerGroups/nogroup/Partitions/0`, 'amqp:not-found'],
      [3, `home/${place}/4`, 'com.microsoft:argument-out-of-range'],
      [4, `home/${place}/01`, 'com.microsoft:argument-out-of-range'],
      [5, `elsewhere/${place}/0`, 'amqp:unauthorized-access'],
      [6, 'home/nothing', 'amqp:not-found'],
    ] as const) {
      client.attach({ handle, address, isSender: false });
      await answered(client, handle);
      const { condition: got } = errorIn(await client.next(performative.detach, isOf(client, handle)));
      if (address.startsWith('elsewhere')) assert.ok(['amqp:not-found', 'amqp:unauthorized-access'].includes(String(got)));
      else assert.equal(got, condition, address);
    }
    for (const [handle, address] of [
      [7, 'home'],
      [8, 'home/Partitions/0'],
    ] as const) {
      client.attach({ handle, address, isSender: true });
      await answered(client, handle);
      assert.equal(await refusal(client, handle), 'amqp:unauthorized-access', address);
    }
    // Bare, messages/events is a name of the endpoint like its own.
    await send('dev1', 'x');
    await attach(client, { handle: 9, address: `messages/events/${place}/${partition('dev1')}` });
    assert.deepEqual(await bodies(client, 1, 9), ['x']);
  });

  test('hub-service 89: each event says how far the partition goes, where the reader asked for it', async () => {
    await send('dev1', 'a');
    await send('dev1', 'b');
    const client = await dial();
    const capabilities = ['com.microsoft:georeplication', 'com.microsoft:enable-receiver-runtime-metric'];
    const parts = capabilities.map((each) => Buffer.concat([Buffer.from([0, 0, 0, each.length]), Buffer.from(each)]));
    const array = Buffer.concat([Buffer.from([0xf0, 0, 0, 0, 0, 0, 0, 0, parts.length, 0xb3]), ...parts]);
    array.writeUInt32BE(array.length - 5, 1);
    const { fields } = await attach(client, { desiredCapabilities: array });
    assert.deepEqual([fields[11]].flat(), ['com.microsoft:enable-receiver-runtime-metric']);
    const { payload } = await client.next(performative.transfer, isOf(client, 2));
    const last = bench.events.partitionLog.last(partition('dev1'));
    const annotations = encode.describedMap(0x71, [
      ['last_enqueued_sequence_number', encode.long(1)],
      ['last_enqueued_offset', encode.string(String(last.position))],
      ['last_enqueued_time_utc', encode.timestamp(last.enqueuedAt)],
      ['runtime_info_retrieval_time_utc', encode.timestamp(bench.clock.now())],
    ]);
    assert.deepEqual(payload.subarray(0, annotations.length), annotations);
  });

  test('hub-service 90: a token that is renewed in time interrupts nobody; one that is not ends the receivers', async () => {
    const put = (client: AmqpTestClient, deliveryId: number) =>
      client.putToken(deliveryId, amqp.policyToken('service', { isText: true, seconds: 120 }), `sb://${hubHost}/home`);
    const client = amqp.dial();
    client.open();
    client.cbs();
    put(client, 0);
    assert.equal((await client.cbsReply()).status, 200);
    await attach(client);
    for (let renewals = 1; renewals <= 3; renewals++) {
      bench.clock.advance(90_000);
      put(client, renewals);
      const reply = await client.next(performative.transfer, isOf(client, 1));
      assert.equal(decodeMessage(reply.payload).application.get('status-code'), 200);
      await send('dev1', `after ${renewals}`);
      assert.deepEqual(await bodies(client, 1), [`after ${renewals}`]);
    }
    bench.clock.advance(121_000);
    await until(
      'the receiver is sent away',
      () => client.isEnded || client.frames.some(({ code }) => code === performative.detach),
    );
    const end = client.frames.find(({ code }) => code === performative.detach || code === performative.close);
    assert.equal(end && errorIn(end).condition, 'amqp:unauthorized-access');
  });

  test('no more is sent than there is credit for, and the window of the session holds', async () => {
    for (let n = 0; n < 20; n++) await send('dev1', String(n));
    const client = await dial();
    await attach(client, { credit: 3 });
    assert.deepEqual(await bodies(client, 3), ['0', '1', '2']);
    await settled();
    assert.equal(
      client.frames.some(({ code }) => code === performative.transfer),
      false,
    );
    // Credit for 17 and a window for 2: handle, delivery count, link credit.
    const flow = (seen: number, window: number, count: number, credit: number) =>
      client.send(performative.flow, [uint(seen), uint(window), uint(0), uint(1000), uint(2), uint(count), uint(credit)]);
    // One transfer went before, in $cbs.
    flow(4, 2, 3, 17);
    assert.deepEqual(await bodies(client, 2), ['3', '4']);
    await settled();
    assert.equal(
      client.frames.some(({ code }) => code === performative.transfer),
      false,
    );
    // The session alone gets more room.
    client.send(performative.flow, [uint(6), uint(1000), uint(0), uint(1000)]);
    assert.deepEqual(
      await bodies(client, 15),
      Array.from({ length: 15 }, (_, n) => String(n + 5)),
    );
  });

  test('ids of deliveries go on without a gap through what the library sends between events', async () => {
    const client = await dial();
    await attach(client, { credit: 1_000 });
    const ids: unknown[] = [];
    for (let round = 1; round <= 3; round++) {
      for (let n = 0; n < 5; n++) await send('dev1', String(n));
      client.putToken(round, amqp.policyToken('service'), hubHost);
      await until('all came', () => client.frames.filter(({ code }) => code === performative.transfer).length >= 6);
      for (const frame of client.frames.splice(0)) {
        if (frame.code !== performative.transfer) continue;
        ids.push(frame.fields[1]);
        // Only what is in $cbs is unsettled here.
        if (frame.fields[0] === 1) client.settle(Number(frame.fields[1]), 0x24);
      }
    }
    assert.deepEqual(
      ids,
      Array.from({ length: 18 }, (_, n) => n + 1),
    );
  });

  test('who asks for unsettled events gets them so, and who settles second is answered', async () => {
    for (let n = 0; n < 3; n++) await send('dev1', String(n));
    const client = await dial();
    await attach(client, { sndSettleMode: 0, rcvSettleMode: 1 });
    const first = await client.next(performative.transfer, isOf(client, 2));
    assert.equal(first.fields[4], false);
    await bodies(client, 2);
    const id = Number(first.fields[1]);
    const state = encode.described(0x24, encode.list([]));
    client.send(performative.disposition, [encode.boolean(true), uint(id), uint(id + 2), encode.boolean(false), state]);
    const { fields } = await client.next(performative.disposition);
    assert.deepEqual(fields.slice(0, 4), [false, id, id + 2, true]);
    // And settled at once it is not.
    client.settle(id, 0x24);
    await settled();
    assert.equal(client.isEnded, false);
  });

  test('an event that is larger than the frames of a peer comes in several', async () => {
    const body = Buffer.alloc(5_000, 'x');
    await send('dev1', body);
    await send('dev1', 'small');
    const client = amqp.dial();
    client.write(amqpHeader);
    client.send(performative.open, [encode.string('test'), encode.string(hubHost), uint(1_024)]);
    client.begin(0);
    client.cbs();
    client.putToken(0, amqp.policyToken('service'), hubHost);
    assert.equal((await client.cbsReply()).status, 200);
    await attach(client);
    const parts: Buffer[] = [];
    for (let isMore = true; isMore; ) {
      const frame = await client.next(performative.transfer);
      assert.ok(frame.bytes.length <= 1_024);
      parts.push(frame.payload);
      isMore = frame.fields[5] === true;
    }
    assert.deepEqual(Buffer.concat(decodeMessage(Buffer.concat(parts)).data), body);
    assert.deepEqual(await bodies(client, 1), ['small']);
  });

  test('a reader that drains gets what there is and then hears that there is no more', async () => {
    for (let n = 0; n < 3; n++) await send('dev1', String(n));
    const client = await dial();
    await attach(client, { credit: 0 });
    const fields = [uint(1), uint(1000), uint(0), uint(1000), uint(2), uint(0), uint(10), nothing, Buffer.from([0x41])];
    client.send(performative.flow, fields);
    assert.deepEqual(await bodies(client, 3), ['0', '1', '2']);
    const flow = await client.next(performative.flow, ({ fields: [, , , , own] }) => own === handles.get(client)?.get(2));
    assert.deepEqual([flow.fields[5], flow.fields[6]], [10, 0]);
    await send('dev1', 'later');
    await settled();
    assert.equal(
      client.frames.some(({ code }) => code === performative.transfer),
      false,
    );
  });

  test('what the hub records beside telemetry is neither shown nor counted', async () => {
    await send('dev1', 'before');
    await bench.addDevice('dev1');
    await bench.hub.registry.delete('dev1');
    await send('dev1', 'after');
    const client = await dial();
    await attach(client);
    const numbers: unknown[] = [];
    for (const expected of ['before', 'after']) {
      const { payload } = await client.next(performative.transfer, isOf(client, 2));
      const { annotations, data } = decodeMessage(payload);
      assert.equal(Buffer.concat(data).toString(), expected);
      numbers.push(annotations.get('x-opt-sequence-number'));
    }
    assert.deepEqual(numbers, [0, 1]);
  });

  test('a consumer group that is deleted loses its readers', async () => {
    await bench.hub.eventsEndpoint.groups.create('dash');
    const client = await dial();
    await attach(client, { group: 'DASH' });
    await bench.hub.eventsEndpoint.groups.delete('dash');
    assert.equal(await refusal(client), 'amqp:not-found');
  });
});
