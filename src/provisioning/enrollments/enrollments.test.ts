import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Problem } from '#base/problem.ts';
import type { Database } from '#storage/database.ts';
import { SecretStore } from '#storage/secret-store.ts';
import { testDatabases } from '#test/support/databases.ts';
import { fullAllocation, revealAllocation } from '#test/support/full-allocation.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import type { NewEnrollment } from './enrollment.ts';
import { Enrollments } from './enrollments.ts';

const code = (wanted: string) => (error: unknown) => error instanceof Problem && error.code === wanted;
const key = Buffer.alloc(16, 1).toString('base64');

function newEnrollment(registrationId: string, changes: Partial<NewEnrollment> = {}): NewEnrollment {
  return { registrationId, isEnabled: true, attestation: { type: 'symmetricKey' }, ...changes };
}

for (const { name, open } of testDatabases()) {
  describe(`individual enrollments on ${name}`, () => {
    let database: Database;
    let close: () => Promise<void>;
    let made = 0;
    before(async () => {
      ({ database, close } = await open());
    });
    after(() => close());

    function rooms() {
      const instance = `dps-${++made}`;
      const platform = testPlatform(instance);
      const sealer = new SecretStore(platform, database, Buffer.alloc(32, 3));
      return { ...platform, instance, enrollments: new Enrollments(platform, database, instance, sealer, () => {}) };
    }

    test('a thumbprint that was replaced is remembered, and ids that are spelled almost alike are found', async () => {
      const { enrollments } = rooms();
      const held = (digit: string) => ({ attestation: { type: 'x509', primaryThumbprint: digit.repeat(40) } as const });
      for (const id of ['Dev1', 'dev2', 'other']) await enrollments.create(newEnrollment(id, held('a')));
      await enrollments.replace(newEnrollment('dev1', held('b')));
      assert.deepEqual(
        (await enrollments.pastThumbprints('DEV1')).map(({ thumbprint }) => thumbprint),
        ['a'.repeat(40)],
      );
      assert.deepEqual(await enrollments.pastThumbprints('dev2'), []);
      assert.deepEqual((await enrollments.neighbours('DEV2')).sort(), ['Dev1', 'dev2', 'other']);
    });

    test('what an enrollment says about the hub, its certificates and its information come back', async () => {
      const { enrollments } = rooms();
      const attestation = {
        type: 'x509',
        primaryThumbprint: 'a'.repeat(64),
        primaryCertificate: Buffer.from([0x30, 0xff]),
      } as const;
      const deviceInformation = { serial: 'ü' };
      await enrollments.create(newEnrollment('Dev1', { allocation: fullAllocation, attestation, deviceInformation }));
      const loaded = await enrollments.require('dev1');
      assert.deepEqual(revealAllocation(loaded.allocation), revealAllocation(fullAllocation));
      assert.deepEqual(loaded.attestation, attestation);
      assert.deepEqual(loaded.deviceInformation, deviceInformation);
      await enrollments.replace(newEnrollment('Dev1', { attestation, isEnabled: false }));
      const changed = await enrollments.require('dev1');
      assert.deepEqual(revealAllocation(changed.allocation), revealAllocation(fullAllocation));
      assert.equal(changed.deviceInformation, undefined);
    });

    test('an enrollment by key comes back with its keys, made or chosen, which lie sealed', async () => {
      const { enrollments, instance } = rooms();
      const one = await enrollments.create(newEnrollment('Reg-1', { deviceId: 'pump-7' }));
      assert.deepEqual(await enrollments.load('Reg-1'), one);
      assert.ok(one.attestation.type === 'symmetricKey');
      const keys = one.attestation.keys.reveal();
      assert.equal(Buffer.from(keys.primaryKey, 'base64').length, 64);
      const two = await enrollments.create(newEnrollment('Reg-2', { attestation: { type: 'symmetricKey', primaryKey: key } }));
      assert.ok(two.attestation.type === 'symmetricKey' && two.attestation.keys.reveal().primaryKey === key);
      const rows = await database.selectFrom('dps_enrollment').selectAll().where('instance', '=', instance).execute();
      const stored = rows.map((row) => JSON.stringify(row) + Buffer.from(row.sealed_keys ?? []).toString('latin1')).join();
      assert.equal(stored.includes(key) || stored.includes(keys.primaryKey), false);
      const renamed = await enrollments.replace(newEnrollment('reg-1', { isEnabled: false }), one.etag);
      assert.ok(renamed.attestation.type === 'symmetricKey');
      assert.deepEqual(renamed.attestation.keys.reveal(), keys, 'keys that nobody names stay');
      assert.deepEqual([renamed.registrationId, renamed.isEnabled, renamed.deviceId], ['Reg-1', false, undefined]);
    });

    test('an enrollment by certificate keeps thumbprints in one spelling', async () => {
      const { enrollments } = rooms();
      const primaryThumbprint = Array.from({ length: 20 }, () => 'AB').join(':');
      const attestation = { type: 'x509', primaryThumbprint, secondaryThumbprint: 'C'.repeat(64) } as const;
      await enrollments.create(newEnrollment('x', { attestation }));
      assert.deepEqual((await enrollments.require('X')).attestation, {
        type: 'x509',
        primaryThumbprint: 'ab'.repeat(20),
        secondaryThumbprint: 'c'.repeat(64),
      });
    });

    test('an id in another case is the same enrollment; a stale etag changes nothing; what is gone is not found', async () => {
      const { enrollments } = rooms();
      const first = await enrollments.create(newEnrollment('Reg'));
      await assert.rejects(enrollments.create(newEnrollment('REG')), code('already-exists'));
      await enrollments.replace(newEnrollment('reg', { isEnabled: false }), first.etag);
      await assert.rejects(enrollments.replace(newEnrollment('reg'), first.etag), code('precondition-failed'));
      await assert.rejects(enrollments.delete('reg', first.etag), code('precondition-failed'));
      await enrollments.delete('rEg');
      assert.equal(await enrollments.load('Reg'), undefined);
      await assert.rejects(enrollments.require('Reg'), code('enrollment-not-found'));
      await assert.rejects(enrollments.replace(newEnrollment('Reg')), code('enrollment-not-found'));
      await assert.rejects(enrollments.delete('Reg'), code('enrollment-not-found'));
    });

    test('they are listed by id, page by page, and instances do not see each other', async () => {
      const { enrollments } = rooms();
      for (const id of ['c', 'A', 'b']) await enrollments.create(newEnrollment(id));
      const ids = async (options = {}) => (await enrollments.list(options)).map(({ registrationId }) => registrationId);
      assert.deepEqual(await ids(), ['A', 'b', 'c']);
      assert.deepEqual(await ids({ after: 'a', limit: 1 }), ['b']);
      assert.deepEqual(await rooms().enrollments.list(), []);
    });

    const wrong: [string, NewEnrollment][] = [
      ['an id with a slash', newEnrollment('a/b')],
      ['an empty id', newEnrollment('')],
      ['a device id with a slash', newEnrollment('a', { deviceId: 'a/b' })],
      ['a short key', newEnrollment('a', { attestation: { type: 'symmetricKey', primaryKey: 'AAAA' } })],
      ['a long key', newEnrollment('a', { attestation: { type: 'symmetricKey', secondaryKey: 'A'.repeat(88) } })],
      ['no thumbprint', newEnrollment('a', { attestation: { type: 'x509' } })],
      ['a thumbprint of zeros', newEnrollment('a', { attestation: { type: 'x509', primaryThumbprint: '0'.repeat(40) } })],
      ['half a thumbprint', newEnrollment('a', { attestation: { type: 'x509', secondaryThumbprint: 'A'.repeat(20) } })],
    ];
    for (const [what, input] of wrong) {
      test(`${what} is refused`, async () => {
        const { enrollments } = rooms();
        await assert.rejects(enrollments.create(input), code('argument-invalid'));
        assert.deepEqual(await enrollments.list(), []);
      });
    }
  });
}
