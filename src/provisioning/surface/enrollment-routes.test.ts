import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { parseCertificate } from '#pki/certificate.ts';
import { makeCa, makeLeaf, makeSelfSigned } from '#test/support/certificates.ts';
import { openProvisioningBench, type ProvisioningBench } from '#test/support/provisioning-bench.ts';
import { openProvisioningServiceClient, type ServiceClient } from '#test/support/service-client.ts';

const byKey = { type: 'symmetricKey' };
const key = (fill: number) => Buffer.alloc(32, fill).toString('base64');

describe('enrollments over the REST of the provisioning service', () => {
  let bench: ProvisioningBench;
  let service: ServiceClient;
  let made = 0;
  before(async () => {
    bench = await openProvisioningBench();
    service = await openProvisioningServiceClient(bench);
  });
  after(async () => {
    await service.close();
    await bench.close();
  });
  const newId = () => `thing-${++made}`;
  const put = (id: string, body: object, ifMatch?: string) =>
    service.ask('PUT', `/enrollments/${id}`, {
      body: { registrationId: id, ...body },
      ...(ifMatch !== undefined && { ifMatch }),
    });
  const putGroup = (id: string, body: object, ifMatch?: string) =>
    service.ask('PUT', `/enrollmentGroups/${id}`, { body, ...(ifMatch !== undefined && { ifMatch }) });

  test('dps-service 4, 5: a new enrollment is 200 with keys of 64 bytes and every default', async () => {
    const id = newId();
    const { status, headers, json } = await put(id, {
      attestation: { ...byKey, symmetricKey: { primaryKey: '', secondaryKey: '' } },
    });
    assert.equal(status, 200);
    const { attestation, etag, createdDateTimeUtc, lastUpdatedDateTimeUtc, ...rest } = json;
    assert.match(etag, /^"[^"]+"$/);
    assert.equal(headers.etag, etag);
    assert.equal(createdDateTimeUtc, lastUpdatedDateTimeUtc);
    for (const made of Object.values(attestation.symmetricKey)) assert.equal(Buffer.from(String(made), 'base64').length, 64);
    assert.deepEqual(rest, {
      registrationId: id,
      capabilities: { iotEdge: false },
      provisioningStatus: 'enabled',
      reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: true },
    });
  });

  test('dps-service 6, 7, 37: keys are echoed to who wrote them, hidden from who reads, and shown to who asks for them', async () => {
    const id = newId();
    const symmetricKey = { primaryKey: key(1), secondaryKey: key(2) };
    assert.deepEqual((await put(id, { attestation: { ...byKey, symmetricKey } })).json.attestation, { ...byKey, symmetricKey });
    assert.deepEqual((await service.ask('GET', `/enrollments/${id}`)).json.attestation, byKey);
    assert.deepEqual((await service.ask('POST', `/enrollments/${id}/attestationmechanism`)).json, { ...byKey, symmetricKey });
  });

  test('dps-service 8, 10, 37: certificates come back as info with both thumbprints, and one of two can be removed', async () => {
    const id = newId();
    const [first, second] = [makeSelfSigned(id), makeSelfSigned(id)];
    const clientCertificates = {
      primary: { certificate: first.pem.replaceAll('\n', '\r\n') },
      secondary: { certificate: second.der.toString('base64') },
    };
    const { json } = await put(id, { attestation: { type: 'x509', x509: { clientCertificates } } });
    const { x509 } = json.attestation;
    assert.equal(x509.signingCertificates, null);
    assert.equal(x509.caReferences, null);
    const { info } = x509.clientCertificates.primary;
    assert.equal(info.sha256Thumbprint.toLowerCase(), first.certificate.sha256Thumbprint);
    assert.equal(info.sha1Thumbprint, first.certificate.sha1Thumbprint);
    assert.equal(info.subjectName, `CN=${id}`);
    assert.equal(info.version, first.certificate.version);
    assert.equal('certificate' in x509.clientCertificates.primary, false);
    // As the command line's update sends it back: info alone, the primary taken out.
    const shorter = {
      ...json,
      attestation: { type: 'x509', x509: { clientCertificates: { ...x509.clientCertificates, primary: null } } },
    };
    const changed = await put(id, shorter, json.etag);
    assert.equal(changed.json.attestation.x509.clientCertificates.primary, null);
    assert.deepEqual(changed.json.attestation.x509.clientCertificates.secondary, x509.clientCertificates.secondary);
    const none = { ...json, attestation: { type: 'x509', x509: { clientCertificates: { primary: null, secondary: null } } } };
    assert.equal((await put(id, none, '*')).status, 400);
  });

  test('dps-service 9: what a client read, it may send back with another status: keys and certificates stay', async () => {
    const keyed = newId();
    const symmetricKey = { primaryKey: key(3), secondaryKey: key(4) };
    await put(keyed, { attestation: { ...byKey, symmetricKey } });
    const certified = newId();
    const leaf = makeSelfSigned(certified);
    await put(certified, { attestation: { type: 'x509', x509: { clientCertificates: { primary: { certificate: leaf.pem } } } } });
    for (const id of [keyed, certified]) {
      const { json } = await service.ask('GET', `/enrollments/${id}`);
      const changed = await put(id, { ...json, provisioningStatus: 'disabled' }, json.etag);
      assert.equal(changed.status, 200);
      assert.equal(changed.json.provisioningStatus, 'disabled');
      assert.notEqual(changed.json.etag, json.etag);
    }
    assert.deepEqual((await service.ask('POST', `/enrollments/${keyed}/attestationmechanism`)).json.symmetricKey, symmetricKey);
    const { attestation } = await bench.provisioning.enrollments.require(certified);
    assert.equal(attestation.type === 'x509' && attestation.primaryThumbprint, leaf.certificate.sha256Thumbprint);
  });

  test('a certificate of which only an unknown thumbprint is sent, or that is none, is 400 and changes nothing', async () => {
    const id = newId();
    const attempt = (primary: object) => put(id, { attestation: { type: 'x509', x509: { clientCertificates: { primary } } } });
    for (const primary of [
      {},
      { info: { sha256Thumbprint: 'A'.repeat(64) } },
      { certificate: 'nonsense' },
      { certificate: '' },
    ]) {
      assert.equal((await attempt(primary)).status, 400);
    }
    assert.equal(await bench.provisioning.enrollments.load(id), undefined);
  });

  test('dps-service 14, 15: without If-Match a PUT only creates; a stale tag is 412; the tag counts with and without its quotes', async () => {
    const id = newId();
    const { json } = await put(id, { attestation: byKey });
    const twice = await put(id, { attestation: byKey });
    assert.equal(twice.status, 409);
    assert.equal(twice.json.errorCode, 409201);
    const second = await put(id, { attestation: byKey }, json.etag);
    assert.equal(second.status, 200);
    const stale = await put(id, { attestation: byKey }, json.etag);
    assert.equal(stale.status, 412);
    assert.equal(stale.json.errorCode, 412001);
    assert.equal((await put(id, { attestation: byKey }, second.json.etag.replaceAll('"', ''))).status, 200);
    assert.equal((await put(id, { attestation: byKey }, '"*"')).status, 200);
    const absent = newId();
    assert.equal((await put(absent, { attestation: byKey }, '*')).status, 404);
    assert.equal((await put(absent, { attestation: byKey }, '"x"')).status, 412);
  });

  test('dps-service 16, 17: a deletion is 204 with the tag, with *, and without; then 404, in any case of the id', async () => {
    for (const ifMatch of ['tag', '*', undefined]) {
      const id = newId();
      const { json } = await put(id, { attestation: byKey });
      assert.equal((await service.ask('GET', `/enrollments/${id.toUpperCase()}`)).json.registrationId, id);
      assert.equal((await service.ask('DELETE', `/enrollments/${id}`, { ifMatch: '"stale"' })).status, 412);
      const asked = ifMatch === 'tag' ? json.etag : ifMatch;
      const gone = await service.ask('DELETE', `/enrollments/${id.toUpperCase()}`, asked === undefined ? {} : { ifMatch: asked });
      assert.equal(gone.status, 204);
      assert.equal(gone.text, '');
      assert.equal((await service.ask('DELETE', `/enrollments/${id}`)).json.errorCode, 404201);
    }
  });

  test('dps-service 27: keys that are exchanged are kept exchanged', async () => {
    const id = newId();
    const group = { attestation: { ...byKey, symmetricKey: { primaryKey: key(5), secondaryKey: key(6) } } };
    await putGroup(id, group);
    const swapped = { ...byKey, symmetricKey: { primaryKey: key(6), secondaryKey: key(5) } };
    await putGroup(id, { attestation: swapped }, '*');
    assert.deepEqual((await service.ask('POST', `/enrollmentgroups/${id}/attestationmechanism`)).json, swapped);
  });

  test('dps-service 28: policies, hubs, twin and information come back as they were sent', async () => {
    const body = {
      attestation: byKey,
      deviceId: 'Named-1',
      iotHubs: ['home.example'],
      reprovisionPolicy: { updateHubAssignment: false, migrateDeviceData: true },
      initialTwin: { tags: { a: { b: 1 } }, properties: { desired: { c: [1, 2] } } },
      optionalDeviceInformation: { serial: 'x' },
    };
    for (const allocationPolicy of ['geoLatency', 'hashed', 'static']) {
      const id = newId();
      await put(id, { ...body, allocationPolicy });
      const { attestation, etag, createdDateTimeUtc, lastUpdatedDateTimeUtc, ...rest } = (
        await service.ask('GET', `/enrollments/${id}`)
      ).json;
      const { attestation: _, ...wanted } = body;
      assert.deepEqual(rest, {
        ...wanted,
        registrationId: id,
        allocationPolicy,
        capabilities: { iotEdge: false },
        provisioningStatus: 'enabled',
      });
    }
  });

  test('what an older client names as the hub is static', async () => {
    const { json } = await put(newId(), { attestation: byKey, iotHubHostName: 'home.example' });
    assert.equal(json.allocationPolicy, 'static');
    assert.deepEqual(json.iotHubs, ['home.example']);
  });

  test('dps-service 29: static with two hubs, a hub that is not linked, custom without a webhook and one inside are 400', async () => {
    for (const wrong of [
      { allocationPolicy: 'static', iotHubs: ['home.example', 'home.example'] },
      { iotHubs: ['nowhere.example'] },
      { allocationPolicy: 'custom' },
      { allocationPolicy: 'custom', customAllocationDefinition: { webhookUrl: 'http://hook.example/', apiVersion: '1' } },
      { allocationPolicy: 'custom', customAllocationDefinition: { webhookUrl: 'https://a:b@hook.example/', apiVersion: '1' } },
      { allocationPolicy: 'Hashed' },
    ]) {
      assert.equal((await put(newId(), { attestation: byKey, ...wrong })).json.errorCode, 400004, JSON.stringify(wrong));
      assert.equal((await putGroup(newId(), { attestation: byKey, ...wrong })).status, 400, JSON.stringify(wrong));
    }
  });

  for (const [what, body] of [
    ['no attestation', {}],
    ['TPM, which is not supported', { attestation: { type: 'tpm', tpm: { endorsementKey: 'AAAA' } } }],
    ['none', { attestation: { type: 'none' } }],
    ['a key of 15 bytes', { attestation: { ...byKey, symmetricKey: { primaryKey: Buffer.alloc(15).toString('base64') } } }],
    ['an edge device', { attestation: byKey, capabilities: { iotEdge: true } }],
    ['the id of another', { attestation: byKey, registrationId: 'other' }],
    ['a CA reference for one device', { attestation: { type: 'x509', x509: { caReferences: { primary: 'line-1-primary' } } } }],
    ['a twin that is a list', { attestation: byKey, initialTwin: { tags: [] } }],
    ['a device id that no hub takes', { attestation: byKey, deviceId: 'a b' }],
  ] as const) {
    test(`an enrollment with ${what} is 400, and nothing is made`, async () => {
      const id = newId();
      assert.equal((await put(id, body)).status, 400);
      assert.equal(await bench.provisioning.enrollments.load(id), undefined);
    });
  }

  test('an id with characters that no registration may have is 400202', async () => {
    for (const id of ['a%20b', 'a.', 'x'.repeat(129)]) {
      const { status, json } = await service.ask('PUT', `/enrollments/${id}`, { body: { attestation: byKey } });
      assert.equal(status, 400);
      assert.equal(json.errorCode, 400202, id);
    }
  });

  describe('groups by certificate', () => {
    test('dps-service 12, 13: a CA is referred to by its name, which must be there and proven', async () => {
      const refer = (primary: string) =>
        putGroup(newId(), { attestation: { type: 'x509', x509: { caReferences: { primary } } } });
      const { json } = await refer('line-1-primary');
      assert.deepEqual(json.attestation.x509, {
        clientCertificates: null,
        signingCertificates: null,
        caReferences: { primary: 'line-1-primary', secondary: null },
      });
      assert.equal((await refer('missing')).json.errorCode, 404211);
      await bench.authorities.upload({ certificateId: 'unproven', file: makeCa({ name: 'Unproven' }).der, by: 'test' });
      assert.equal((await refer('unproven')).json.errorCode, 404211);
    });

    test('dps-service 11: signing certificates come back as info, and the other families as null', async () => {
      const id = newId();
      const signing = makeCa({ name: 'Line A', issuer: bench.ca });
      const body = { attestation: { type: 'x509', x509: { signingCertificates: { primary: { certificate: signing.pem } } } } };
      const { json } = await putGroup(id, body);
      const { x509 } = json.attestation;
      assert.equal(x509.clientCertificates, null);
      assert.equal(x509.caReferences, null);
      assert.equal(x509.signingCertificates.primary.info.subjectName, 'CN=Line A');
      assert.equal(x509.signingCertificates.secondary, null);
      const again = await putGroup(id, { ...json, provisioningStatus: 'disabled' }, json.etag);
      assert.equal(again.status, 200);
      const { attestation } = await bench.provisioning.groups.require(id);
      assert.ok(attestation.type === 'x509' && attestation.primaryCertificate);
      assert.equal(parseCertificate(attestation.primaryCertificate).sha256Thumbprint, signing.certificate.sha256Thumbprint);
    });

    test('a signing certificate below a proven CA lets its devices in by its own group, and one that hangs in the air does not', async () => {
      const line = makeCa({ name: 'Line B', issuer: bench.ca });
      const stray = makeCa({ name: 'Stray' });
      for (const [id, signing] of [
        ['line-b', line],
        ['stray', stray],
      ] as const) {
        const x509 = { signingCertificates: { primary: { certificate: signing.pem } } };
        assert.equal((await putGroup(id, { attestation: { type: 'x509', x509 } })).status, 200);
      }
      const device = await bench.connect({ registrationId: 'b-1', certificates: [makeLeaf({ issuer: line, name: 'b-1' })] });
      await device.subscribe();
      const { body } = await device.register();
      const answer = await device.poll(body.operationId);
      assert.deepEqual((answer.body.registrationState as { x509: unknown }).x509, { enrollmentGroupId: 'line-b' });
      const { json } = await service.ask('POST', '/registrations/line-b/query');
      assert.deepEqual(
        json.map((state: { registrationId: string }) => state.registrationId),
        ['b-1'],
      );
      // The root's own group still takes what is not below the line, even with the line sent along.
      const other = await bench.connect({
        registrationId: 'r-1',
        certificates: [makeLeaf({ issuer: bench.ca, name: 'r-1' }), line],
      });
      await other.subscribe();
      const registered = await other.register();
      const state = (await other.poll(registered.body.operationId)).body.registrationState as { x509: unknown };
      assert.deepEqual(state.x509, { enrollmentGroupId: 'line-1' });
      const stranger = await bench.connect({ registrationId: 's-1', certificates: [makeLeaf({ issuer: stray, name: 's-1' })] });
      await stranger.subscribe();
      assert.equal((await stranger.register()).status, 401);
      assert.equal((await bench.refusal())?.reason, 'issuer-not-verified');
      // Disabled, the line's group stops its devices, though the root's would take them.
      const line2 = (await service.ask('GET', '/enrollmentGroups/line-b')).json;
      await putGroup('line-b', { ...line2, provisioningStatus: 'disabled' }, line2.etag);
      const stopped = await device.register('', '2');
      assert.equal((await device.poll(stopped.body.operationId)).body.status, 'disabled');
    });
  });

  describe('queries', () => {
    const ids = (json: { registrationId?: string; enrollmentGroupId?: string }[]) =>
      json.map((item) => item.registrationId ?? item.enrollmentGroupId);

    test('dps-service 18, 19, 20: pages of two over everything, whatever the text asks for, and no token at the end', async () => {
      const own = await openProvisioningBench();
      const client = await openProvisioningServiceClient(own);
      try {
        for (const id of ['E', 'a', 'C', 'b', 'd'])
          await client.ask('PUT', `/enrollments/${id}`, { body: { attestation: byKey } });
        await client.ask('PUT', '/enrollmentGroups/z', { body: { attestation: byKey } });
        const seen: unknown[] = [];
        let token: string | undefined;
        let pages = 0;
        do {
          const headers = { 'x-ms-max-item-count': '2', ...(token !== undefined && { 'x-ms-continuation': token }) };
          const answer = await client.ask('POST', '/enrollments/query', { headers, body: { query: "{'a': <object at 0x7f>}" } });
          assert.equal(answer.headers['x-ms-item-type'], 'enrollment');
          assert.equal(answer.headers['x-ms-max-item-count'], '2');
          seen.push(...ids(answer.json));
          token = answer.headers['x-ms-continuation'] as string | undefined;
          pages += 1;
        } while (token !== undefined);
        assert.deepEqual(seen, ['a', 'b', 'C', 'd', 'E']);
        assert.equal(pages, 3);
        const groups = await client.ask('POST', '/enrollmentGroups/query', { body: { query: '*' } });
        assert.equal(groups.headers['x-ms-item-type'], 'enrollmentGroup');
        assert.deepEqual(ids(groups.json), ['line-1', 'z']);
        assert.equal(groups.headers['x-ms-continuation'], undefined);
        for (const headers of [
          { 'x-ms-max-item-count': '0' },
          { 'x-ms-max-item-count': 'x' },
          { 'x-ms-continuation': 'x' },
          { 'x-ms-continuation': Buffer.from('{"after":"\\u0000"}').toString('base64url') },
        ]) {
          assert.equal((await client.ask('POST', '/enrollments/query', { headers })).status, 400);
        }
      } finally {
        await client.close();
        await own.close();
      }
    });

    test('dps-service 21, 22, 23: registrations page without a body, are read one by one, and are forgotten while the identity stays', async () => {
      for (const name of ['p-1', 'p-2']) {
        const device = await bench.connect({ registrationId: name, certificates: [makeLeaf({ issuer: bench.ca, name })] });
        await device.subscribe();
        await device.poll((await device.register()).body.operationId);
      }
      const first = await service.ask('POST', '/registrations/line-1/query', { headers: { 'x-ms-max-item-count': '1' } });
      assert.equal(first.headers['x-ms-item-type'], 'deviceRegistration');
      assert.deepEqual(ids(first.json), ['p-1']);
      const headers = { 'x-ms-continuation': String(first.headers['x-ms-continuation']) };
      const rest = await service.ask('POST', '/registrations/line-1/query', { headers });
      assert.equal(ids(rest.json)[0], 'p-2');
      assert.deepEqual(ids((await service.ask('POST', '/registrations/p-2/query')).json), ['p-2']);
      assert.deepEqual((await service.ask('POST', '/registrations/nobody/query')).json, []);
      const { json } = await service.ask('GET', '/registrations/P-1');
      assert.equal(json.status, 'assigned');
      assert.equal(json.substatus, 'initialAssignment');
      assert.equal(json.assignedHub, 'home.example');
      assert.equal(json.deviceId, 'p-1');
      assert.equal((await service.ask('DELETE', '/registrations/p-1', { ifMatch: '"x"' })).status, 412);
      assert.equal((await service.ask('DELETE', '/registrations/p-1', { ifMatch: json.etag })).status, 204);
      assert.equal((await service.ask('GET', '/registrations/p-1')).json.errorCode, 404202);
      assert.ok(await bench.hub.registry.load('p-1'));
    });
  });

  describe('in bulk', () => {
    const bulk = (mode: string, enrollments: object[]) => service.ask('POST', '/enrollments/', { body: { mode, enrollments } });
    const entries = (ids: readonly string[]) => ids.map((registrationId) => ({ registrationId, attestation: byKey }));

    test('dps-service 24: ten are made, eleven are 400205, a name that stands twice 400206, and what fails is named', async () => {
      const ten = Array.from({ length: 10 }, newId);
      assert.deepEqual((await bulk('create', entries(ten))).json, { isSuccessful: true, errors: [] });
      assert.equal((await bulk('create', entries([...ten, newId()]))).json.errorCode, 400205);
      assert.equal((await bulk('create', entries([newId(), 'X-9', 'x-9']))).json.errorCode, 400206);
      const fresh = newId();
      const { status, json } = await bulk('create', entries([ten[3] ?? '', fresh]));
      assert.equal(status, 200);
      assert.equal(json.isSuccessful, false);
      assert.deepEqual(
        json.errors.map(({ errorStatus, ...error }: { errorStatus: string }) => error),
        [{ registrationId: ten[3], errorCode: 409201 }],
      );
      assert.ok(await bench.provisioning.enrollments.load(fresh));
    });

    test('updates, with a tag and without, and deletions; a missing attestation is the entry’s own error', async () => {
      const [a, b] = [newId(), newId()];
      await bulk('create', entries([a, b]));
      const disabled = entries([a, b]).map((entry) => ({ ...entry, provisioningStatus: 'disabled' }));
      assert.equal((await bulk('update', disabled)).json.isSuccessful, true);
      const { json } = await service.ask('GET', `/enrollments/${a}`);
      assert.equal(json.provisioningStatus, 'disabled');
      const tagged = [
        { ...json, provisioningStatus: 'enabled' },
        { ...entries([b])[0], etag: '"stale"' },
      ];
      const { errors } = (await bulk('updateIfMatchETag', tagged)).json;
      assert.deepEqual(
        errors.map((error: { registrationId: string; errorCode: number }) => [error.registrationId, error.errorCode]),
        [[b, 412001]],
      );
      assert.equal((await bulk('update', [{ registrationId: a }])).json.errors[0].errorCode, 400004);
      assert.equal((await bulk('delete', [{ registrationId: a }, { registrationId: b }])).json.isSuccessful, true);
      assert.equal((await bulk('delete', [{ registrationId: a }])).json.errors[0].errorCode, 404201);
      for (const wrong of [[], [{ attestation: byKey }]]) assert.equal((await bulk('create', wrong)).status, 400);
    });

    test('groups likewise', async () => {
      const id = newId();
      const call = (mode: string, enrollmentGroups: object[]) =>
        service.ask('POST', '/enrollmentGroups', { body: { mode, enrollmentGroups } });
      assert.equal((await call('create', [{ enrollmentGroupId: id, attestation: byKey }])).json.isSuccessful, true);
      const twice = (await call('create', [{ enrollmentGroupId: id, attestation: byKey }])).json.errors[0];
      assert.deepEqual([twice.enrollmentGroupId, twice.errorCode], [id, 409202]);
      assert.equal((await call('delete', [{ enrollmentGroupId: id }])).json.isSuccessful, true);
    });
  });
});
