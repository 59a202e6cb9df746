import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Problem } from '#base/problem.ts';
import type { Secret } from '#base/secret.ts';
import { defaultFileLimits } from '#storage/file-limits.ts';
import { FileStore } from '#storage/file-store.ts';
import { CrashDisk } from '#test/support/crash-disk.ts';
import { type HubBench, openHubBench, settled } from '#test/support/hub-bench.ts';
import { deadLettersMax } from './limits.ts';

type Record = {
  Id: string;
  EnqueuedTimeUtc: string;
  Properties: { [name: string]: string };
  SystemProperties: { [name: string]: string };
  Body: unknown;
};

/** Somebody at a URL, who takes everything unless told otherwise. */
function receiver() {
  const calls: Record[][] = [];
  return {
    calls,
    /** What it says to a call. */
    answer: (_records: readonly Record[]): number | 'away' => 200,
    get bodies(): unknown[] {
      return calls.flat().map(({ Body }) => Body);
    },
  };
}

describe('destinations', () => {
  let bench: HubBench;
  const receivers = new Map<string, ReturnType<typeof receiver>>();
  const urls: string[] = [];
  let store: FileStore;

  beforeEach(async () => {
    const outgoing = {
      checkUrl: (text: string) => new URL(text),
      checkBroker: () => {
        throw new Problem('argument-invalid', 'none');
      },
      connect: () => Promise.reject(new Error('none')),
      async post({ url, json }: { url: Secret; json: unknown }) {
        urls.push(url.reveal());
        const to = receivers.get(new URL(url.reveal()).hostname);
        const records = structuredClone(json) as Record[];
        if (Buffer.byteLength(JSON.stringify(json)) > 1024 * 1024) {
          throw new Problem('unavailable', 'What would be sent is larger than 1 MiB.', { reason: 'request-too-large' });
        }
        const status = to?.answer(records) ?? 'away';
        if (status === 'away') throw new Problem('unavailable', 'It cannot be reached.');
        if (status < 300) to?.calls.push(records);
        return { status, body: Buffer.alloc(0) };
      },
    };
    const doors = { outgoing, files: { store: undefined as never as FileStore, container: 'events-home' } };
    bench = await openHubBench({ doors });
    store = await FileStore.open({
      ...{ platform: bench, database: bench.database },
      directory: '/files',
      limits: defaultFileLimits,
      files: new CrashDisk(),
    });
    doors.files.store = store;
    await bench.addDevice('dev1');
    await bench.addDevice('dev2');
  });
  afterEach(async () => {
    store.stop();
    await bench.close();
  });

  /** Lets time pass until it is so. */
  async function pass<T>(what: string, find: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
    for (let i = 0; i < 3_000; i++) {
      const found = await find();
      if (found) return found;
      bench.clock.advance(100);
      await turn();
    }
    throw new Error(`It did not happen: ${what}.`);
  }

  /** Messages whose property `to` is the name of a destination go there. */
  const routeTo = (name: string) =>
    bench.hub.routing.saveRoute({
      name,
      source: 'DeviceMessages',
      condition: `to = '${name}'`,
      endpointNames: [name],
      isEnabled: true,
    });

  let made = 0;
  /** A webhook by a name of its own, with a route to it. */
  async function webhook() {
    const name = `hook${made++}`;
    const target = receiver();
    receivers.set(`${name}.example`, target);
    await bench.hub.routing.createDestination(name, { type: 'webhook', url: `https://${name}.example/in?code=secret` });
    await routeTo(name);
    const state = async () => (await bench.hub.routing.destinations.list()).find((each) => each.name === name);
    return { name, target, state };
  }

  async function send(to: string, bodies: readonly string[], deviceId = 'dev1', more = '') {
    const device = await bench.connect({ deviceId });
    for (const body of bodies) await device.send(`devices/${deviceId}/messages/events/to=${to}${more}`, body);
    await device.disconnect();
  }
  const text = (body: unknown) => Buffer.from(String(body), 'base64').toString();

  test('a webhook gets what is routed to it, in order, as records, and readers of the hub do not', async () => {
    const { name, target, state } = await webhook();
    await bench.hub.routing.saveEnrichment({ key: 'hub', value: '$iothubname', endpointNames: [name] });
    await send(name, ['a', 'b', 'c']);
    await send('nobody', ['x']);
    await send(name, ['{"t":1}'], 'dev1', '&%24.ct=application%2Fjson&%24.ce=utf-8');
    await pass('all came', () => target.bodies.length === 4);
    assert.deepEqual(target.bodies.slice(0, 3).map(text), ['a', 'b', 'c']);
    assert.deepEqual(target.bodies[3], { t: 1 });
    const [record] = target.calls.flat();
    assert.deepEqual(record?.Properties, { to: name, hub: 'home' });
    assert.equal(record?.SystemProperties.connectionDeviceId, 'dev1');
    assert.ok(Date.parse(record?.EnqueuedTimeUtc ?? '') > 0);
    const { health, settings, deadLetters } = (await state()) ?? assert.fail();
    assert.equal(health.status, 'healthy');
    assert.deepEqual(settings, { type: 'webhook', origin: `https://${name}.example` });
    assert.equal(deadLetters, 0);
    assert.ok(!JSON.stringify(await bench.hub.routing.destinations.list()).includes('secret'));
    await bench.hub.routing.deleteEnrichment('hub');
  });

  test('a webhook that is away gets everything when it is back, in order of each device, and holds up nobody else', async () => {
    const away = await webhook();
    const there = await webhook();
    away.target.answer = () => 'away';
    for (let n = 0; n < 5; n++) {
      await send(away.name, [`1-${n}`], 'dev1');
      await send(away.name, [`2-${n}`], 'dev2');
    }
    await send(there.name, ['here']);
    await pass('the other has its own', () => there.target.bodies.length === 1);
    await pass('it is unhealthy', async () => (await away.state())?.health.status === 'unhealthy');
    assert.equal((await away.state())?.health.lastError, 'It cannot be reached.');
    const before = urls.length;
    bench.clock.advance(3_600_000);
    await settled();
    assert.ok(urls.length - before < 100, 'it is tried now and then, and not all the time');
    bench.clock.advance(24 * 3_600_000);
    assert.equal((await away.state())?.health.status, 'dead');
    away.target.answer = () => 503;
    await pass('it is tried', async () => (await away.state())?.health.lastError === 'It answered 503.');
    away.target.answer = () => 204;
    await pass('all came', () => away.target.bodies.length === 10);
    const bodies = away.target.bodies.map(text);
    for (const device of ['1', '2']) {
      assert.deepEqual(
        bodies.filter((body) => body.startsWith(device)),
        [0, 1, 2, 3, 4].map((n) => `${device}-${n}`),
      );
    }
    await pass('it is healthy', async () => (await away.state())?.health.status === 'healthy');
    assert.equal((await away.state())?.deadLetters, 0);
  });

  test('one event that is refused is put aside alone, and replayed when the receiver takes it', async () => {
    const { name, target, state } = await webhook();
    const isPoison = ({ Body }: Record) => text(Body) === 'poison';
    target.answer = (records) => (records.some(isPoison) ? 400 : 200);
    await send(name, ['a', 'b', 'poison', 'c', 'poison', 'd']);
    await pass('the others came', () => target.bodies.length === 4);
    assert.deepEqual(target.bodies.map(text), ['a', 'b', 'c', 'd']);
    await pass('two were put aside', async () => (await state())?.deadLetters === 2);
    const letters = await bench.hub.routing.destinations.listDeadLetters(name, { max: 10 });
    assert.deepEqual(
      letters.map(({ deviceId, reason }) => [deviceId, reason]),
      [
        ['dev1', 'It answered 400.'],
        ['dev1', 'It answered 400.'],
      ],
    );
    target.answer = () => 422;
    assert.deepEqual(await bench.hub.routing.destinations.replay(name), {
      replayed: 0,
      remaining: 2,
      reason: 'It answered 422.',
    });
    target.answer = () => 'away';
    assert.equal((await bench.hub.routing.destinations.replay(name)).remaining, 2);
    target.answer = () => 200;
    assert.deepEqual(await bench.hub.routing.destinations.replay(name), { replayed: 2, remaining: 0 });
    assert.deepEqual(target.bodies.slice(4).map(text), ['poison', 'poison']);
  });

  test('an event that breaks its receiver again and again is put aside, and those behind it come', async () => {
    const { name, target, state } = await webhook();
    let attempts = 0;
    target.answer = (records) => {
      const breaks = records.some(({ Body }) => text(Body) === 'bomb');
      if (breaks) attempts += 1;
      return breaks ? 500 : 200;
    };
    await send(name, ['a', 'bomb', 'b']);
    await pass('the others came', () => target.bodies.length === 2);
    assert.deepEqual(target.bodies.map(text), ['a', 'b']);
    assert.equal((await state())?.deadLetters, 1);
    assert.ok(attempts >= 8 && attempts < 20, String(attempts));
    assert.equal(await bench.hub.routing.destinations.discardDeadLetters(name), 1);
    assert.equal((await state())?.deadLetters, 0);
  });

  test('where no more can be put aside, delivery waits and goes on once there is room', async () => {
    const { name, target, state } = await webhook();
    target.answer = () => 400;
    await send(name, ['first']);
    await pass('it was put aside', async () => (await state())?.deadLetters === 1);
    const [row] = await bench.database.selectFrom('hub_dead_letter').selectAll().where('destination', '=', name).execute();
    assert.ok(row);
    const rows = Array.from({ length: deadLettersMax - 1 }, (_, n) => ({ ...row, log_position: 10_000_000 + n }));
    for (let at = 0; at < rows.length; at += 100) {
      await bench.database
        .insertInto('hub_dead_letter')
        .values(rows.slice(at, at + 100))
        .execute();
    }
    await send(name, ['second']);
    await pass('it waits', async () => (await state())?.health.lastError?.includes('dead letters'));
    assert.equal((await state())?.deadLetters, deadLettersMax);
    target.answer = () => 200;
    assert.equal(await bench.hub.routing.destinations.discardDeadLetters(name), deadLettersMax);
    await pass('it came', () => target.bodies.map(text).includes('second'));
  });

  test('an event that is too large once it is written out is put aside, and holds up none', async () => {
    const { name, target, state } = await webhook();
    const grows = `{"a":[${Array.from({ length: 50_000 }, () => '1e20').join()}]}`;
    await send(name, ['before']);
    await send(name, [grows], 'dev1', '&%24.ct=application%2Fjson&%24.ce=utf-8');
    await send(name, ['after']);
    await pass('the others came', () => target.bodies.length === 2);
    assert.deepEqual(target.bodies.map(text), ['before', 'after']);
    assert.equal((await state())?.deadLetters, 1);
  });

  test('two destinations that write files at the same time, by the same format, keep theirs apart', async () => {
    const names = ['cold', 'warm'] as const;
    for (const name of names) {
      await bench.hub.routing.createDestination(name, { type: 'files', batchSeconds: 60 });
      await routeTo(name);
    }
    for (const n of [1, 2, 3]) for (const name of names) await send(name, [`${name} ${n}`]);
    const blobs = await pass('files are there', async () => {
      const found = await store.list('events-home');
      return found.length === 2 && found;
    });
    const files: string[][] = [];
    for (const { name } of blobs) {
      const read = await store.read({ container: 'events-home', name });
      const pieces: Buffer[] = [];
      for await (const piece of read?.pieces ?? []) pieces.push(piece);
      files.push(
        Buffer.concat(pieces)
          .toString()
          .trim()
          .split('\n')
          .map((line) => text(JSON.parse(line).Body)),
      );
    }
    assert.deepEqual(
      files.sort(),
      names.map((name) => [1, 2, 3].map((n) => `${name} ${n}`)),
    );
    for (const { health } of await bench.hub.routing.destinations.list()) {
      assert.ok(health.lastError === undefined, health.lastError ?? '');
    }
  });

  test('files hold what came in a while, a line each, by partition and time, whole', async () => {
    await bench.hub.routing.createDestination('cold', { type: 'files', batchSeconds: 60 });
    await routeTo('cold');
    const list = () => store.list('events-home');
    await send('cold', ['one', 'two'], 'dev1');
    await send('cold', ['three'], 'dev2');
    assert.deepEqual(await list(), []);
    const blobs = await pass('files are there', async () => {
      const found = await list();
      return found.length === 2 && found;
    });
    const lines: string[] = [];
    for (const { name } of blobs) {
      assert.match(name, /^home\/[0-3]\/\d{4}\/\d\d\/\d\d\/\d\d\/\d\d\.json$/);
      const read = await store.read({ container: 'events-home', name });
      for await (const piece of read?.pieces ?? []) lines.push(...piece.toString().trim().split('\n'));
    }
    assert.deepEqual(lines.map((line) => text(JSON.parse(line).Body)).sort(), ['one', 'three', 'two']);
    // In the same minute, and another file all the same.
    await send('cold', ['four'], 'dev1');
    await pass('a third is there', async () => (await list()).length === 3);
    await bench.hub.routing.deleteRoute('cold');
    await bench.hub.routing.deleteDestination('cold');
  });

  test('what cannot be is refused, and what routes lead to cannot be deleted', async () => {
    const { routing } = bench.hub;
    const { name } = await webhook();
    const refused = (change: Promise<unknown>, code: string) => assert.rejects(change, { code });
    await refused(
      routing.createDestination(name.toUpperCase(), { type: 'webhook', url: 'https://a.example/' }),
      'already-exists',
    );
    await refused(routing.createDestination('events', { type: 'webhook', url: 'https://a.example/' }), 'argument-invalid');
    await refused(routing.createDestination('f', { type: 'files', batchSeconds: 10 }), 'argument-invalid');
    await refused(routing.createDestination('f', { type: 'files', chunkBytes: 10 }), 'argument-invalid');
    for (const fileNameFormat of [
      '{iothub}',
      '/{iothub}{partition}{YYYY}{MM}{DD}{HH}{mm}',
      '{iothub}/../{partition}{YYYY}{MM}{DD}{HH}{mm}',
      '{iothub}{partition}{YYYY}{MM}{DD}{HH}{mm}{ss}',
    ]) {
      await refused(routing.createDestination('f', { type: 'files', fileNameFormat }), 'argument-invalid');
    }
    await refused(routing.deleteDestination(name), 'conflict');
    await refused(routing.deleteDestination('nothing'), 'not-found');
    await refused(routing.destinations.replay('nothing'), 'not-found');
    await routing.deleteRoute(name);
    await routing.deleteDestination(name);
    const present = (await routing.destinations.list()).length;
    for (let n = present; n < 10; n++) await routing.createDestination(`n${n}`, { type: 'webhook', url: 'https://a.example/' });
    await refused(routing.createDestination('n10', { type: 'webhook', url: 'https://a.example/' }), 'quota-exceeded');
  });
});
