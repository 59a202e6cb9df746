import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plus, secondMs } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { backEnds, Quotas } from './quotas.ts';
import { noQuotas, type Rates, ratesOfTier } from './rates.ts';

function open({ hub = {}, device = {} }: { hub?: Rates; device?: Rates }) {
  const clock = new ManualClock();
  return { clock, quotas: new Quotas({ clock }, { ...noQuotas, hub, device }) };
}

const refusedFor = (seconds: number) => (error: unknown) =>
  error instanceof Problem && error.code === 'throttled' && error.retryAfterSeconds === seconds;

/** How many of `asked` are let through. */
function count(quotas: Quotas, identity: string, asked: number): number {
  let taken = 0;
  for (let i = 0; i < asked; i++) {
    try {
      quotas.take('twinReads', identity);
      taken += 1;
    } catch (error) {
      assert.ok(refusedFor(1)(error));
    }
  }
  return taken;
}

const four = { count: 4, perMs: secondMs };

test('without rates nobody is throttled, and nothing is kept of anybody', () => {
  const quotas = new Quotas({ clock: new ManualClock() }, noQuotas);
  for (let i = 0; i < 10_000; i++) quotas.take('twinReads', 'dev1');
  assert.equal(quotas.paceOf('dev1'), undefined);
});

test('a device may do its rate at once and gets it back bit by bit', () => {
  const { clock, quotas } = open({ device: { twinReads: four } });
  assert.equal(count(quotas, 'dev1', 10), 4);
  clock.advance(249);
  assert.equal(count(quotas, 'dev1', 10), 0);
  clock.advance(1);
  assert.equal(count(quotas, 'dev1', 10), 1);
  clock.advance(500);
  assert.equal(count(quotas, 'dev1', 10), 2);
  clock.advance(3_600_000);
  assert.equal(count(quotas, 'dev1', 10), 4, 'what was not used does not add up');
});

test('each device and each operation has a rate of its own, and back ends have no device’s', () => {
  const { quotas } = open({ device: { twinReads: four } });
  assert.equal(count(quotas, 'dev1', 10), 4);
  assert.equal(count(quotas, 'dev1/mod1', 10), 4);
  assert.equal(count(quotas, backEnds, 10), 10);
  quotas.take('twinUpdates', 'dev1');
});

test('a message of many counts as many and is paid off before the next', () => {
  const { clock, quotas } = open({ device: { telemetry: four } });
  quotas.take('telemetry', 'dev1', 12);
  clock.advance(2_249);
  assert.throws(() => quotas.take('telemetry', 'dev1'), refusedFor(1));
  clock.advance(1);
  quotas.take('telemetry', 'dev1');
});

test('what is refused is not counted, and says when to come again', () => {
  const { clock, quotas } = open({ device: { fileUploads: { count: 1, perMs: 60_000 } } });
  quotas.fileUploadStart('dev1');
  for (let i = 0; i < 100; i++) assert.throws(() => quotas.fileUploadStart('dev1'), refusedFor(60));
  clock.advance(30_000);
  assert.throws(() => quotas.fileUploadStart('dev1'), refusedFor(30));
  clock.advance(30_000);
  quotas.fileUploadStart('dev1');
});

test('the hub’s rate holds for all together, and who asks seldom is answered however much another asks', () => {
  const { clock, quotas } = open({ hub: { twinReads: { count: 100, perMs: secondMs } } });
  let noisy = 0;
  for (let ms = 0; ms < 3_000; ms++) {
    noisy += count(quotas, 'noisy', 3);
    if (ms % 100 === 0) assert.equal(count(quotas, `steady${(ms / 100) % 5}`, 1), 1, `at ${ms} ms`);
    clock.advance(1);
  }
  // 100 at once, 300 in three seconds, one on credit for each of six devices.
  assert.ok(noisy + 30 <= 406, `${noisy}`);
  assert.ok(noisy + 30 >= 398, `${noisy}`);
});

test('when devices without number have the hub’s rate on credit, all are refused until it has caught up', () => {
  const { clock, quotas } = open({ hub: { twinReads: { count: 10, perMs: secondMs } } });
  const taken = Array.from({ length: 1_000 }, (_, i) => count(quotas, `dev${i}`, 1)).reduce((sum, one) => sum + one);
  assert.ok(taken > 100 && taken < 120, `${taken}`);
  clock.advance(5_000);
  assert.equal(count(quotas, 'late', 1), 1);
});

test('a connection that can wait is told how long, and the next of the device inherits what is owed', () => {
  const { clock, quotas } = open({ device: { telemetry: four } });
  const pace = quotas.paceOf('dev1');
  assert.deepEqual(
    [1, 2, 3, 4, 5].map(() => pace?.spend()),
    [0, 0, 0, 250, 500],
  );
  assert.equal(quotas.owedMs('dev1'), 500);
  clock.advance(500);
  assert.equal(quotas.owedMs('dev1'), 0);
});

test('somebody may be throttled, or be without quota, for a while without any rate', () => {
  const { clock, quotas } = open({});
  const heard: string[] = [];
  quotas.onHold((identity) => heard.push(identity));
  quotas.throttle('dev1', plus(clock.now(), 20_000));
  quotas.exhaust('dev2', plus(clock.now(), 20_000));
  assert.deepEqual(heard, ['dev1', 'dev2']);
  assert.throws(() => quotas.take('twinReads', 'dev1'), refusedFor(20));
  assert.equal(quotas.paceOf('dev1')?.refusal()?.code, 'throttled');
  assert.throws(() => quotas.take('telemetry', 'dev2'), { code: 'quota-exceeded', retryAfterSeconds: 20 });
  quotas.take('twinReads', 'dev2');
  quotas.take('telemetry', 'dev3');
  assert.equal(quotas.paceOf('dev3'), undefined);
  clock.advance(20_000);
  quotas.take('twinReads', 'dev1');
  quotas.take('telemetry', 'dev2');
});

test('the rates of the tiers are the cloud’s', () => {
  const inSeconds = (rates: Rates) =>
    Object.fromEntries(
      Object.entries(rates).map(([name, { count: n, perMs }]) => [name, Math.round((n / perMs) * 100_000) / 100]),
    );
  const few = { cloudToDevice: 1.67, fileUploads: 1.67, receives: 16.67 };
  assert.deepEqual(inSeconds(ratesOfTier('S1', 1)), {
    ...few,
    connections: 100,
    telemetry: 100,
    methods: 40,
    twinReads: 100,
    twinUpdates: 50,
  });
  assert.equal(inSeconds(ratesOfTier('S1', 20)).telemetry, 240);
  assert.deepEqual(inSeconds(ratesOfTier('S2', 1)), {
    ...few,
    connections: 120,
    telemetry: 120,
    methods: 120,
    twinReads: 100,
    twinUpdates: 50,
  });
  assert.deepEqual(inSeconds(ratesOfTier('S3', 2)), {
    connections: 12_000,
    telemetry: 12_000,
    cloudToDevice: 166.67,
    fileUploads: 166.67,
    receives: 1_666.67,
    methods: 12_288,
    twinReads: 1_000,
    twinUpdates: 500,
  });
});
