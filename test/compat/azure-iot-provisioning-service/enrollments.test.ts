import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import common from 'azure-iot-common';
import service, { type ProvisioningServiceClient } from 'azure-iot-provisioning-service';
import iothub from 'azure-iothub';
import { makeCa } from '#test/support/certificates.ts';
import { type CompatBench, openCompatBench } from '#test/support/compat-bench.ts';
import { openProvisioningService } from '#test/support/provisioning-service.ts';

type Enrollment = Parameters<ProvisioningServiceClient['createOrUpdateIndividualEnrollment']>[0];
type Group = Parameters<ProvisioningServiceClient['createOrUpdateEnrollmentGroup']>[0];
type Bulk = Parameters<ProvisioningServiceClient['runBulkEnrollmentOperation']>[0];
type BulkResult = { isSuccessful: boolean; errors: { registrationId: string; errorCode: number; errorStatus: string }[] };
// biome-ignore lint/suspicious/noExplicitAny: a test looks into it and fails where it is wrong
type Loose = any;

describe('azure-iot-provisioning-service, as it comes from npm', () => {
  let bench: CompatBench;
  let client: ProvisioningServiceClient;
  let connectionString: string;
  let made = 0;
  before(async () => {
    bench = await openCompatBench();
    ({ client, connectionString } = await openProvisioningService(bench.home));
  });
  after(() => bench?.close());

  const newId = () => `entry-${++made}`;
  const keyed = (registrationId: string, more: object = {}) =>
    ({ registrationId, attestation: { type: 'symmetricKey' }, ...more }) as unknown as Enrollment;
  const put = async (enrollment: Enrollment): Promise<Loose> =>
    (await client.createOrUpdateIndividualEnrollment(enrollment)).responseBody;
  const get = async (id: string): Promise<Loose> => (await client.getIndividualEnrollment(id)).responseBody;

  test('dps-service 1: the connection string that an operator copies is good', async () => {
    const id = newId();
    await put(keyed(id));
    assert.equal((await get(id)).registrationId, id);
  });

  test('dps-service 2: a wrong key and an expired token are an UnauthorizedError with 401002', async () => {
    const wrong = connectionString.replace(/SharedAccessKey=.*$/, `SharedAccessKey=${Buffer.alloc(32).toString('base64')}`);
    const stranger = service.ProvisioningServiceClient.fromConnectionString(wrong);
    await assert.rejects(stranger.getIndividualEnrollment('x'), (error: Loose) => {
      assert.equal(error.name, 'UnauthorizedError');
      assert.equal(JSON.parse(error.responseBody).errorCode, 401002);
      return true;
    });
    const { HostName = '', SharedAccessKey = '', SharedAccessKeyName = '' } = common.ConnectionString.parse(connectionString);
    const past = Math.floor(Date.now() / 1000) - 3600;
    const expired = common.SharedAccessSignature.create(HostName, SharedAccessKeyName, SharedAccessKey, past).toString();
    const late = new service.ProvisioningServiceClient({ host: HostName, sharedAccessSignature: expired });
    await assert.rejects(late.getIndividualEnrollment('x'), { name: 'UnauthorizedError' });
  });

  test('dps-service 5, 6, 7, 25: keys are made or taken, hidden when read, and shown when asked for', async () => {
    const id = newId();
    const { symmetricKey } = (await put(keyed(id))).attestation;
    assert.equal(Buffer.from(symmetricKey.primaryKey, 'base64').length, 64);
    assert.deepEqual((await get(id)).attestation, { type: 'symmetricKey' });
    const shown = (await client.getIndividualEnrollmentAttestationMechanism(id)).responseBody as Loose;
    assert.deepEqual(shown.symmetricKey, symmetricKey);
    const given = {
      primaryKey: Buffer.alloc(32, 1).toString('base64'),
      secondaryKey: Buffer.alloc(32, 2).toString('base64'),
    };
    const groupId = newId();
    const group = { enrollmentGroupId: groupId, attestation: { type: 'symmetricKey', symmetricKey: given } } as unknown as Group;
    const echoed = (await client.createOrUpdateEnrollmentGroup(group)).responseBody as Loose;
    assert.deepEqual(echoed.attestation.symmetricKey, given);
    const mechanism = (await client.getEnrollmentGroupAttestationMechanism(groupId)).responseBody as Loose;
    assert.deepEqual(mechanism, { type: 'symmetricKey', symmetricKey: given });
  });

  test('dps-service 9, 14, 15: what was read can be changed and put back; the old object cannot, nor can a second of its name', async () => {
    const id = newId();
    const first = await put(keyed(id));
    await assert.rejects(put(keyed(id)), { name: 'DeviceAlreadyExistsError' });
    const read = await get(id);
    const changed = await put({ ...read, provisioningStatus: 'disabled' });
    assert.equal(changed.provisioningStatus, 'disabled');
    assert.deepEqual(changed.attestation.symmetricKey, first.attestation.symmetricKey);
    await assert.rejects(put({ ...read, provisioningStatus: 'enabled' }), (error: Loose) => {
      assert.equal(error.response.statusCode, 412);
      return true;
    });
  });

  test('dps-service 16, 17, 35: deleted by object, by id and by tag, in any case; then not found with 404201', async () => {
    const [byObject, byId, byTag] = [newId(), newId(), newId()];
    const object = await put(keyed(byObject));
    await put(keyed(byId));
    const { etag } = await put(keyed(byTag));
    await client.deleteIndividualEnrollment(object);
    await client.deleteIndividualEnrollment(byId.toUpperCase());
    await assert.rejects(client.deleteIndividualEnrollment(byTag, '"stale"'));
    await client.deleteIndividualEnrollment(byTag, etag);
    for (const id of [byObject, byId, byTag]) {
      await assert.rejects(client.getIndividualEnrollment(id), (error: Loose) => {
        assert.equal(error.response.statusCode, 404);
        assert.equal(JSON.parse(error.responseBody).errorCode, 404201);
        return true;
      });
    }
  });

  test('dps-service 8, 11, 12: certificates of devices and of groups', async () => {
    const id = newId();
    const { leaf } = bench.selfSignedOf(id);
    const clientCertificates = { primary: { certificate: leaf.pem } };
    const own = await put(keyed(id, { attestation: { type: 'x509', x509: { clientCertificates } } }));
    const { info } = own.attestation.x509.clientCertificates.primary;
    assert.equal(info.sha256Thumbprint.toLowerCase(), leaf.certificate.sha256Thumbprint);
    const signing = makeCa({ name: 'Signing', issuer: bench.root, ...bench.dates });
    const x509 = { signingCertificates: { primary: { certificate: signing.pem } } };
    const group = { enrollmentGroupId: newId(), attestation: { type: 'x509', x509 } } as unknown as Group;
    const kept = (await client.createOrUpdateEnrollmentGroup(group)).responseBody as Loose;
    assert.equal(kept.attestation.x509.clientCertificates, null);
    assert.equal(kept.attestation.x509.signingCertificates.primary.info.subjectName, 'CN=Signing');
    // The group that was made in Central, whose certificate was proven there.
    const factory = (await client.getEnrollmentGroup('factory')).responseBody as Loose;
    assert.equal(typeof factory.attestation.x509.caReferences.primary, 'string');
  });

  test('dps-service 18, 19, 20: queries give everything, page by page', async () => {
    for (let i = 0; i < 5; i++) await put(keyed(newId()));
    const query = client.createIndividualEnrollmentQuery({ query: 'SELECT * FROM enrollments' } as Loose, 2);
    const seen: string[] = [];
    do {
      const page: Loose = await new Promise((resolve, reject) =>
        query.next((error: unknown, result: unknown) => (error ? reject(error) : resolve(result))),
      );
      assert.ok(page.length <= 2);
      for (const { registrationId } of page) seen.push(registrationId);
    } while (query.hasMoreResults);
    assert.deepEqual(seen, [...new Set(seen)]);
    assert.deepEqual(seen, seen.toSorted());
    assert.ok(seen.length >= 5);
    const groups = (await client.createEnrollmentGroupQuery({ query: '*' } as Loose).next(undefined as Loose)) as Loose;
    const found: Loose[] = groups.responseBody ?? groups;
    assert.ok(found.some(({ enrollmentGroupId }) => enrollmentGroupId === 'factory'));
  });

  test('dps-service 22, 23: the state of a registration, alone and in its group, until it is deleted', async () => {
    const id = newId();
    await bench.register(bench.leafOf(id), id);
    const { responseBody: state } = (await client.getDeviceRegistrationState(id)) as Loose;
    assert.equal(state.status, 'assigned');
    assert.equal(state.substatus, 'initialAssignment');
    assert.equal(state.assignedHub, bench.home.status.hub.hostName);
    assert.equal(state.deviceId, id);
    const query = client.createEnrollmentGroupDeviceRegistrationStateQuery({ query: '*' } as Loose, 'factory', 100);
    const page = (await query.next(undefined as Loose)) as Loose;
    const states: Loose[] = page.responseBody ?? page;
    assert.ok(states.some(({ registrationId }) => registrationId === id));
    await client.deleteDeviceRegistrationState(state);
    await assert.rejects(client.getDeviceRegistrationState(id), (error: Loose) => {
      assert.equal(JSON.parse(error.responseBody).errorCode, 404202);
      return true;
    });
    assert.ok((await bench.hubDevices()).includes(id));
  });

  test('dps-service 24: ten in one call, eleven refused, and one that is there already is named', async () => {
    const run = (enrollments: Enrollment[]) =>
      new Promise<BulkResult>((resolve, reject) => {
        // Its promise form never settles.
        client.runBulkEnrollmentOperation(
          { mode: 'create', enrollments } as unknown as Bulk,
          (error: unknown, result: unknown) => (error ? reject(error) : resolve(result as BulkResult)),
        );
      });
    const ten = Array.from({ length: 10 }, () => keyed(newId()));
    assert.equal((await run(ten)).isSuccessful, true);
    await assert.rejects(run([...ten, keyed(newId())]));
    const { isSuccessful, errors } = await run([keyed(newId()), ten[4] as Enrollment]);
    assert.equal(isSuccessful, false);
    assert.deepEqual(
      errors.map(({ registrationId, errorCode }) => ({ registrationId, errorCode })),
      [{ registrationId: (ten[4] as Loose).registrationId, errorCode: 409201 }],
    );
  });

  test('dps-service 31: the initial twin of an enrollment is the twin that the hub’s SDK reads', async () => {
    const id = newId();
    const identity = bench.selfSignedOf(id);
    const x509 = { clientCertificates: { primary: { certificate: identity.leaf.pem } } };
    const initialTwin = { tags: { place: { hall: 4 } }, properties: { desired: { period: 60, list: [1, 2] } } };
    await put(keyed(id, { attestation: { type: 'x509', x509 }, initialTwin }));
    assert.equal((await bench.register(identity, id)).body.status, 'assigned');
    const status = JSON.parse(await bench.home.ok('homeport', ['status', '--json', '--secrets']));
    const registry = iothub.Registry.fromConnectionString(status.hub.connectionStrings.iothubowner);
    const twin = (await registry.getTwin(id)).responseBody as Loose;
    assert.deepEqual(twin.tags, initialTwin.tags);
    const { $metadata, $version, ...desired } = twin.properties.desired;
    assert.deepEqual(desired, initialTwin.properties.desired);
  });

  test('dps-service 39: the id scope is 0ne and eight characters, and outlives a restart as enrollments and policies do', async () => {
    const id = newId();
    const before = await put(keyed(id));
    const { idScope } = bench.home.status.dps;
    assert.match(idScope, /^0ne[0-9A-Z]{8}$/);
    await bench.home.stop();
    await bench.home.restart();
    assert.equal(bench.home.status.dps.idScope, idScope);
    const after = await get(id);
    assert.equal(after.etag, before.etag);
    const shown = (await client.getIndividualEnrollmentAttestationMechanism(id)).responseBody as Loose;
    assert.deepEqual(shown.symmetricKey, before.attestation.symmetricKey);
  });

  test('dps-service 40: a group id with a slash is refused and leads nowhere else', async () => {
    const group = { enrollmentGroupId: 'G/1', attestation: { type: 'symmetricKey' } } as unknown as Group;
    await assert.rejects(client.createOrUpdateEnrollmentGroup(group), (error: Loose) => {
      assert.equal(JSON.parse(error.responseBody).errorCode, 400204);
      return true;
    });
  });
});
