import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sha256Hex } from '#base/bytes.ts';
import { dayMs, hourMs } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';
import type { Hub } from '#hub/hub.ts';
import type { Database } from '#storage/database.ts';
import { testDatabases } from '#test/support/databases.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import type { RegistrationCaller } from '#trust/caller.ts';
import { defaultAllocation } from '../allocation/allocation-settings.ts';
import type { Allocation, AllocationRequest } from '../allocation/allocator.ts';
import { RegisterDevice, type RegistrationProgress } from './register-device.ts';
import { RegistrationStore } from './registration-store.ts';

const code = (wanted: string) => (error: unknown) => error instanceof Problem && error.code === wanted;

function callerOf(registrationId: string, leaf = 'leaf'): RegistrationCaller {
  // Sealed: only trust can make one for the product.
  return {
    kind: 'registration',
    registrationId,
    enrollmentGroupId: 'line-1',
    leafDer: Buffer.from(leaf),
    anchorSha256: '22',
  } as unknown as RegistrationCaller;
}

function registrationIn(progress: RegistrationProgress) {
  assert.equal(progress.status, 'done');
  return progress.registration;
}

for (const { name, open } of testDatabases()) {
  describe(`registering on ${name}`, () => {
    let database: Database;
    let close: () => Promise<void>;
    let made = 0;
    before(async () => {
      ({ database, close } = await open());
    });
    after(() => close());

    /** What the hub was told, in order: device id and thumbprint. */
    function service(instance = `dps-${++made}`) {
      const platform = testPlatform(instance);
      const provisioned: { deviceId: string; thumbprint: string | undefined }[] = [];
      const asked: AllocationRequest[] = [];
      let answer: (request: AllocationRequest) => Promise<Allocation> | Allocation = () => ({ outcome: 'assign' });
      const hub = {
        hostName: 'hub.example',
        registry: {
          async provision({ deviceId, authentication }: Parameters<Hub['registry']['provision']>[0]) {
            const thumbprint = authentication.type === 'selfSigned' ? authentication.primaryThumbprint : undefined;
            provisioned.push({ deviceId, thumbprint });
          },
        },
      } as unknown as Hub;
      const link = { hub, appliesAllocationPolicy: true, allocationWeight: 1 };
      const hubs = { list: () => [link] };
      const start = () =>
        new RegisterDevice(new RegistrationStore(database, instance), {
          platform,
          hubs,
          loadEnrollment: async () => ({ allocation: defaultAllocation, document: { enrollmentGroup: {} } }),
          chooseHub: async () => ({ outcome: 'chosen', link }),
          onRegistered() {},
          authorities: { loadVerified: async () => [] },
          idScope: '0ne00000001',
          daaIdentityMode: 'selfSigned',
          async allocate(request) {
            asked.push(request);
            return answer(request);
          },
        });
      return {
        ...platform,
        instance,
        provisioned,
        asked,
        start,
        answerWith(next: typeof answer) {
          answer = next;
        },
        /** An answer that waits until it is released. */
        hold() {
          const { promise, resolve } = Promise.withResolvers<void>();
          answer = async () => {
            await promise;
            return { outcome: 'assign' };
          };
          return resolve;
        },
      };
    }

    test('the result of a poll is the assignment, and the hub holds this leaf', async () => {
      const { start, provisioned } = service();
      const device = start();
      const operationId = await device.register(callerOf('Dev1'), undefined);
      assert.match(operationId, /^4\.[0-9a-f]{16}\.[0-9a-f-]{36}$/);
      const { result, leafSha256 } = registrationIn(await device.poll(callerOf('Dev1'), operationId));
      assert.deepEqual(result, {
        status: 'assigned',
        substatus: 'initialAssignment',
        hubHostName: 'hub.example',
        deviceId: 'Dev1',
        firstHubHostName: 'hub.example',
      });
      assert.equal(leafSha256, sha256Hex(Buffer.from('leaf')));
      assert.deepEqual(provisioned, [{ deviceId: 'Dev1', thumbprint: leafSha256 }]);
      assert.deepEqual((await device.lookUp(callerOf('dev1'))).result, result);
    });

    test('two concurrent registers of one id, in any case, give one operation and one assignment', async () => {
      const { start, hold, asked } = service();
      const release = hold();
      const device = start();
      const [first, second] = await Promise.all([
        device.register(callerOf('dev1'), undefined),
        device.register(callerOf('DEV1'), undefined),
      ]);
      const third = await device.register(callerOf('dev1'), undefined);
      assert.equal(first, second);
      assert.equal(first, third);
      release();
      await Promise.all([device.poll(callerOf('dev1'), first), device.poll(callerOf('dev1'), first)]);
      assert.equal(asked.length, 1);
    });

    test('a register after the end is a new operation; the old one still answers', async () => {
      const { start, clock } = service();
      const device = start();
      const first = await device.register(callerOf('dev1'), undefined);
      const { createdAt } = registrationIn(await device.poll(callerOf('dev1'), first));
      clock.advance(hourMs);
      const second = await device.register(callerOf('dev1'), undefined);
      assert.notEqual(second, first);
      const again = registrationIn(await device.poll(callerOf('dev1'), second));
      assert.equal(again.createdAt, createdAt);
      assert.equal(again.updatedAt, createdAt + hourMs);
      assert.equal((await device.poll(callerOf('dev1'), first)).status, 'done');
    });

    test('while the allocator says wait the poll says so, and its later answer ends the operation', async () => {
      const { start, answerWith, provisioned } = service();
      answerWith(() => ({ outcome: 'wait' }));
      const device = start();
      const operationId = await device.register(callerOf('dev1'), undefined);
      const waiting = await device.poll(callerOf('dev1'), operationId);
      assert.deepEqual(waiting, { status: 'assigning', operationId, registrationId: 'dev1' });
      assert.equal(await device.register(callerOf('dev1'), undefined), operationId);
      assert.deepEqual(provisioned, []);
      await assert.rejects(device.lookUp(callerOf('dev1')), code('registration-not-found'));
      answerWith(() => ({ outcome: 'assign', deviceId: 'other', payload: { a: 1 } }));
      const { result } = registrationIn(await device.poll(callerOf('dev1'), operationId));
      assert.equal(result.status === 'assigned' && result.deviceId, 'other');
      assert.deepEqual(result.status === 'assigned' && result.payload, { a: 1 });
    });

    test('a poll is answered after two seconds, also when the assignment takes longer', async (t) => {
      const { start, hold, clock } = service();
      const release = hold();
      const device = start();
      const operationId = await device.register(callerOf('dev1'), undefined);
      const { promise: waits, resolve: noteWait } = Promise.withResolvers<void>();
      t.mock.method(clock, 'after', (ms: number, run: () => void) => {
        noteWait();
        return ManualClock.prototype.after.call(clock, ms, run);
      });
      const polled = device.poll(callerOf('dev1'), operationId);
      await waits;
      clock.advance(2_000);
      assert.deepEqual(await polled, { status: 'assigning', operationId, registrationId: 'dev1' });
      const next = device.poll(callerOf('dev1'), operationId);
      release();
      assert.equal((await next).status, 'done');
    });

    test('a refusal is a failed registration, and nothing reaches the hub; the next register asks again', async () => {
      const { start, answerWith, provisioned } = service();
      answerWith(() => ({ outcome: 'refuse', code: 400209, message: 'blocked' }));
      const device = start();
      const operationId = await device.register(callerOf('dev1'), undefined);
      const { result } = registrationIn(await device.poll(callerOf('dev1'), operationId));
      assert.deepEqual(result, { status: 'failed', errorCode: 400209, errorMessage: 'blocked' });
      assert.deepEqual(provisioned, []);
      answerWith(() => ({ outcome: 'assign' }));
      const next = await device.register(callerOf('dev1'), undefined);
      assert.equal(registrationIn(await device.poll(callerOf('dev1'), next)).result.status, 'assigned');
    });

    test('dps 50: an operation outlives the process that began it, decided or not', async () => {
      const { start, hold, answerWith } = service();
      hold();
      const undecided = await start().register(callerOf('dev1'), '{"modelId":"m"}');
      answerWith(() => ({ outcome: 'assign' }));
      const again = start();
      assert.equal(await again.register(callerOf('dev1'), undefined), undecided);
      assert.equal(registrationIn(await again.poll(callerOf('dev1'), undecided)).result.status, 'assigned');
      assert.equal(registrationIn(await start().poll(callerOf('dev1'), undecided)).result.status, 'assigned');
    });

    test('after a restart the allocator gets the payload that the device had sent', async () => {
      const { start, hold, answerWith, asked } = service();
      hold();
      const operationId = await start().register(callerOf('dev1'), '{"modelId":"m"}');
      answerWith(() => ({ outcome: 'assign' }));
      await start().poll(callerOf('dev1'), operationId);
      assert.deepEqual(
        asked.map(({ payload }) => payload),
        [{ modelId: 'm' }, { modelId: 'm' }],
      );
    });

    test('a renewed leaf that registers while the old one is under way is the one the hub holds in the end', async () => {
      const { start, hold, provisioned } = service();
      const release = hold();
      const device = start();
      const first = await device.register(callerOf('dev1', 'old'), undefined);
      const second = await device.register(callerOf('dev1', 'new'), undefined);
      assert.equal(second, first);
      const polled = device.poll(callerOf('dev1', 'new'), second);
      release();
      assert.equal(registrationIn(await polled).leafSha256, sha256Hex(Buffer.from('new')));
      assert.equal(provisioned.at(-1)?.thumbprint, sha256Hex(Buffer.from('new')));
      assert.equal((await device.lookUp(callerOf('dev1'))).leafSha256, sha256Hex(Buffer.from('new')));
    });

    test('an assignment that broke is tried again by the next poll', async () => {
      const { start, answerWith } = service();
      answerWith(() => {
        throw new Problem('unavailable', 'not now');
      });
      const device = start();
      const operationId = await device.register(callerOf('dev1'), undefined);
      await assert.rejects(device.poll(callerOf('dev1'), operationId), code('unavailable'));
      answerWith(() => ({ outcome: 'assign' }));
      assert.equal((await device.poll(callerOf('dev1'), operationId)).status, 'done');
    });

    test('nobody polls the operation of another device', async () => {
      const { start, provisioned } = service();
      const device = start();
      const operationId = await device.register(callerOf('dev1'), undefined);
      await device.poll(callerOf('dev1'), operationId);
      await assert.rejects(device.poll(callerOf('dev2'), operationId), code('registration-not-found'));
      await assert.rejects(device.poll(callerOf('dev1'), 'none'), code('registration-not-found'));
      assert.equal(provisioned.length, 1);
    });

    test('an operation nobody came back for is forgotten after two days', async () => {
      const { start, clock } = service();
      const device = start();
      const operationId = await device.register(callerOf('dev1'), undefined);
      await device.poll(callerOf('dev1'), operationId);
      clock.advance(2 * dayMs + 1);
      await device.register(callerOf('dev2'), undefined);
      await assert.rejects(device.poll(callerOf('dev1'), operationId), code('registration-not-found'));
    });

    test('a text that holds a JSON object, as Java sends it, reaches the allocator as the object; others as they are', async () => {
      const { start, asked } = service();
      const device = start();
      const sent = ['"{\\"a\\":1}"', '"plain"', '"[1]"', '[1,2]', '7', 'null', undefined];
      for (const [i, payload] of sent.entries()) {
        const operationId = await device.register(callerOf(`dev${i}`), payload);
        await device.poll(callerOf(`dev${i}`), operationId);
      }
      assert.deepEqual(
        asked.map(({ payload }) => payload),
        [{ a: 1 }, 'plain', '[1]', [1, 2], 7, null, undefined],
      );
    });

    test('an id with characters that no registration may have is refused before anything is stored', async () => {
      const { start, asked } = service();
      for (const id of ['', 'a b', 'a/b', 'dev1.', 'ä', 'x'.repeat(129), 'a\u0000']) {
        await assert.rejects(start().register(callerOf(id), undefined), code('argument-invalid'));
      }
      assert.deepEqual(asked, []);
    });
  });
}
