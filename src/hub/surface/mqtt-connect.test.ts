import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { dayMs, hourMs, plus } from '#base/instant.ts';
import { makeCa, makeCertificate, makeLeaf, makeSelfSigned, testNow } from '#test/support/certificates.ts';
import { type ConnectOptions, type HubBench, hubHost, openHubBench, settled, until } from '#test/support/hub-bench.ts';

describe('signing in over MQTT', () => {
  let bench: HubBench;
  beforeEach(async () => {
    bench = await openHubBench();
  });
  afterEach(() => bench.close());

  /** Refused with 5 and nothing else: no presence, no event, no stored session; the reason is kept. */
  async function assertRefused(options: ConnectOptions, reason: string, subject = options.deviceId ?? 'dev1') {
    const device = await bench.connect(options);
    assert.equal(device.answer.code, 5);
    await until('the session is closed', () => device.closed !== undefined);
    const row = await bench.refusal();
    assert.equal(row?.reason, reason);
    assert.equal(row?.subject, subject);
    assert.equal(row?.service, 'hub');
    assert.equal(row?.peer, '192.0.2.7');
    const trace: { passed: boolean }[] = JSON.parse(row?.trace ?? '[]');
    assert.ok(trace.length > 0 && trace.at(-1)?.passed === false, 'the trace ends in what failed');
    assert.equal(bench.hub.presence.connectedCount, 0);
    assert.deepEqual(await bench.stored('deviceConnectionStateEvents'), []);
    assert.deepEqual(await bench.database.selectFrom('hub_session').selectAll().execute(), []);
    return row;
  }

  test('hub 5: a device is let in by the SHA-1 thumbprint of its certificate, stored as the primary', async () => {
    const certificate = makeSelfSigned('dev1');
    const { sha1Thumbprint } = certificate.certificate;
    await bench.addDevice('dev1', { type: 'selfSigned', primaryThumbprint: sha1Thumbprint.toLowerCase() });
    const device = await bench.connect({ certificates: [certificate] });
    assert.deepEqual(device.answer, { code: 0, sessionPresent: false });
    assert.equal(bench.hub.presence.isConnected('dev1'), true);
  });

  test('hub 6: and by the SHA-256 thumbprint, stored upper case as the secondary', async () => {
    const certificate = makeSelfSigned('dev1');
    await bench.addDevice('dev1', {
      type: 'selfSigned',
      primaryThumbprint: 'A'.repeat(40),
      secondaryThumbprint: certificate.certificate.sha256Thumbprint.toUpperCase(),
    });
    assert.equal((await bench.connect({ certificates: [certificate] })).answer.code, 0);
  });

  test('hub 7: a certificate of another thumbprint is refused with 5 as thumbprint-mismatch', async () => {
    await bench.addDevice('dev1');
    await assertRefused({ certificates: [makeSelfSigned('dev1')] }, 'thumbprint-mismatch');
  });

  describe('by a certificate that a CA signed', () => {
    const ca = makeCa();
    const intermediate = makeCa({ name: 'Intermediate', issuer: ca });
    const viaIntermediate = (name: string) => [makeLeaf({ issuer: intermediate, name }), intermediate];

    async function withCa(verifiedOnUpload = true) {
      await bench.authorities.upload({ certificateId: 'root', file: ca.der, verifiedOnUpload, by: 'test' });
      await bench.addDevice('dev1', { type: 'certificateAuthority' });
    }

    test('hub 8: a leaf with its intermediate is let in when only the root is verified', async () => {
      await withCa();
      assert.equal((await bench.connect({ certificates: viaIntermediate('dev1') })).answer.code, 0);
    });

    test('hub 9: a leaf whose common name is not the device id is refused', async () => {
      await withCa();
      await assertRefused({ certificates: viaIntermediate('dev2') }, 'common-name-mismatch');
    });

    test('hub 9: the common name is compared with its letter case', async () => {
      await withCa();
      await assertRefused({ certificates: viaIntermediate('DEV1') }, 'common-name-mismatch');
    });

    test('hub 10: a CA that was uploaded and not verified lets nobody in, and the reason says so', async () => {
      await withCa(false);
      const row = await assertRefused({ certificates: viaIntermediate('dev1') }, 'issuer-not-verified');
      assert.match(row?.fix ?? '', /verification code/);
    });

    test('a CA that nobody uploaded is unknown', async () => {
      await bench.addDevice('dev1', { type: 'certificateAuthority' });
      await assertRefused({ certificates: viaIntermediate('dev1') }, 'issuer-unknown');
    });

    test('without its intermediate the chain has a gap', async () => {
      await withCa();
      await assertRefused({ certificates: viaIntermediate('dev1').slice(0, 1) }, 'issuer-unknown');
    });

    test('a CA deleted from the hub ends the sessions that rest on it, and nobody else', async () => {
      await withCa();
      await bench.addDevice('other');
      const device = await bench.connect({ certificates: viaIntermediate('dev1') });
      const other = await bench.connect({ deviceId: 'other' });
      await bench.authorities.delete('root');
      await until('the session is closed', () => device.closed !== undefined);
      assert.equal((await bench.hub.presence.load('dev1'))?.cause, 'credential-changed');
      assert.equal(other.closed, undefined);
      assert.equal((await bench.connect({ certificates: viaIntermediate('dev1') })).answer.code, 5);
    });
  });

  test('sphere 46: an expired certificate is refused, and one that expires while connected is out within 60 s', async () => {
    const short = makeSelfSigned('dev1', { notAfter: plus(testNow, hourMs) });
    await bench.addDevice('dev1', { type: 'selfSigned', primaryThumbprint: short.certificate.sha256Thumbprint });
    const device = await bench.connect({ certificates: [short], keepAliveSeconds: 0 });
    assert.equal(device.answer.code, 0);
    bench.clock.advance(hourMs - 1);
    assert.equal(device.closed, undefined);
    bench.clock.advance(60_000);
    assert.equal(device.closed, 'credential-expired');
    assert.equal((await bench.hub.presence.load('dev1'))?.cause, 'credential-expired');
    const again = await bench.connect({ certificates: [short] });
    assert.equal(again.answer.code, 5);
    assert.equal((await bench.refusal())?.reason, 'certificate-expired');
  });

  test('a certificate that is not valid yet is refused', async () => {
    const early = makeSelfSigned('dev1', { notBefore: plus(testNow, hourMs), notAfter: plus(testNow, dayMs) });
    await bench.addDevice('dev1', { type: 'selfSigned', primaryThumbprint: early.certificate.sha256Thumbprint });
    await assertRefused({ certificates: [early] }, 'certificate-not-yet-valid');
  });

  test('hub 12: neither certificate nor password is refused as credentials-missing', async () => {
    await bench.addDevice('dev1');
    await assertRefused({ certificates: [] }, 'credentials-missing');
  });

  test('a zero-length password is none', async () => {
    await bench.addDevice('dev1');
    assert.equal((await bench.connect({ password: Buffer.alloc(0) })).answer.code, 0);
  });

  test('a password is an attempt by key, also beside the right certificate', async () => {
    await bench.addDevice('dev1');
    await assertRefused({ password: Buffer.from('SharedAccessSignature sr=…') }, 'credential-type-mismatch');
  });

  test('an unknown device is refused', async () => {
    await assertRefused({ deviceId: 'ghost', certificates: [makeSelfSigned('ghost')] }, 'device-unknown');
  });

  test('a certificate that proves something else is refused even when its thumbprint is registered', async () => {
    const proof = makeCertificate({ subject: [['CN', 'dev1']], purposes: { oids: [], critical: true } });
    await bench.addDevice('dev1', { type: 'selfSigned', primaryThumbprint: proof.certificate.sha256Thumbprint });
    await assertRefused({ certificates: [proof] }, 'leaf-purpose');
  });

  test('bytes that are no certificate are refused', async () => {
    await bench.addDevice('dev1');
    const broken = { ...makeSelfSigned('dev1'), der: Buffer.from('not a certificate') };
    await assertRefused({ certificates: [broken] }, 'certificate-malformed');
  });

  describe('what the user name says', () => {
    beforeEach(() => bench.addDevice('dev1'));

    test('hub 21: a raw model id is read and stands in the twin', async () => {
      const userName = `${hubHost}/dev1/?api-version=2021-04-12&model-id=dtmi:com:example:Thermostat;1&DeviceClientType=azure-iot-device%2F1.18.4`;
      assert.equal((await bench.connect({ userName })).answer.code, 0);
      assert.equal((await bench.hub.twins.load('dev1')).modelId, 'dtmi:com:example:Thermostat;1');
    });

    test('hub 22: an encoded model id is read', async () => {
      const userName = `${hubHost}/dev1/?api-version=2020-09-30&model-id=dtmi%3Acom%3Aexample%3AThermostat%3B1`;
      assert.equal((await bench.connect({ userName })).answer.code, 0);
      assert.equal((await bench.hub.twins.load('dev1')).modelId, 'dtmi:com:example:Thermostat;1');
    });

    test('a connect without a model id clears the one before', async () => {
      await bench.connect({ modelId: 'dtmi:com:example:Thermostat;1' });
      await bench.connect();
      assert.equal((await bench.hub.twins.load('dev1')).modelId, '');
    });

    test('hub 23: the question mark may be missing', async () => {
      assert.equal((await bench.connect({ userName: `${hubHost}/dev1/api-version=2019-10-01` })).answer.code, 0);
    });

    test('the host name is compared without letter case', async () => {
      assert.equal((await bench.connect({ userName: 'HOME.Example/dev1/?api-version=2019-10-01' })).answer.code, 0);
    });

    for (const parameters of [
      '',
      '?',
      '?api-version=',
      '?api-version=latest',
      '?DeviceClientType=x',
      '?api-version=2021-04-12x',
    ]) {
      test(`hub 24: ${JSON.stringify(parameters)} carries no api-version and is refused`, async () => {
        await assertRefused(
          { userName: `${hubHost}/dev1/${parameters}` },
          'api-version-missing',
          `${hubHost}/dev1/${parameters}`,
        );
      });
    }

    for (const clientId of ['dev2', 'DEV1', '', 'dev1/mod1', 'dev1 ']) {
      test(`hub 25: the client id ${JSON.stringify(clientId)} beside dev1 in the user name is refused`, async () => {
        const userName = `${hubHost}/dev1/?api-version=2021-04-12`;
        await assertRefused({ clientId, userName, cleanSession: true }, 'client-id-mismatch', userName);
      });
    }

    for (const userName of [
      '',
      'dev1',
      `${hubHost}/dev1`,
      '//?api-version=2021-04-12',
      `${hubHost}/a/b/c/?api-version=2021-04-12`,
    ]) {
      test(`the user name ${JSON.stringify(userName)} is refused`, async () => {
        await assertRefused({ userName }, 'user-name-malformed', userName);
      });
    }

    test('the user name of the provisioning service is refused', async () => {
      const userName = '0ne00000001/registrations/dev1/api-version=2019-03-31';
      await assertRefused({ userName }, 'user-name-malformed', userName);
    });

    test('another hub is refused', async () => {
      const userName = 'other.example/dev1/?api-version=2021-04-12';
      await assertRefused({ userName }, 'host-refused', userName);
    });

    test('a model id with a NUL, which PostgreSQL would not keep, is refused', async () => {
      const device = await bench.connect({ userName: `${hubHost}/dev1/?api-version=2021-04-12&model-id=dtmi%00` });
      assert.equal(device.answer.code, 5);
      assert.equal((await bench.refusal())?.reason, 'user-name-malformed');
    });

    test('a model id without end is refused', async () => {
      const userName = `${hubHost}/dev1/?api-version=2021-04-12&model-id=dtmi:${'x'.repeat(300)};1`;
      const device = await bench.connect({ userName });
      assert.equal(device.answer.code, 5);
      assert.equal((await bench.refusal())?.reason, 'user-name-malformed');
    });

    test('a module that the device does not have is refused', async () => {
      const userName = `${hubHost}/dev1/mod1/?api-version=2021-04-12`;
      await assertRefused({ userName, clientId: 'dev1/mod1' }, 'device-unknown', 'dev1/mod1');
    });

    test('what a peer wrote is kept escaped', async () => {
      const userName = `${hubHost}/dev\u001b[31m1`;
      const device = await bench.connect({ userName });
      assert.equal(device.answer.code, 5);
      assert.equal((await bench.refusal())?.subject, `${hubHost}/dev\\u{1b}[31m1`);
    });

    const topic = 'devices/dev1/messages/events/';
    const wills: [what: string, will: { topic: string; qos: 0 | 1 | 2 }][] = [
      ['QoS 2', { topic, qos: 2 }],
      ["another device's topic", { topic: 'devices/dev2/messages/events/', qos: 1 }],
      ['a topic that is no telemetry', { topic: '$iothub/twin/GET/?$rid=1', qos: 0 }],
      ["a module's topic", { topic: 'devices/dev1/modules/m/messages/events/', qos: 0 }],
    ];
    for (const [what, will] of wills) {
      test(`a will with ${what} is refused`, async () => {
        await assertRefused(
          { will: { payload: Buffer.from('{}'), retain: false, ...will } },
          'will-invalid',
          `${hubHost}/dev1/?api-version=2021-04-12`,
        );
      });
    }
  });

  test('while the disk is full devices are told to come back later, without a refusal', async () => {
    await bench.addDevice('dev1');
    bench.disk.room = 0;
    const filler = { source: 'Telemetry', deviceId: 'x', enqueuedAt: bench.clock.now(), bag: '' } as const;
    bench.events.append({ ...filler, system: Buffer.alloc(0), body: Buffer.alloc(100) });
    await until('the log is full', () => bench.events.state === 'full');
    const device = await bench.connect();
    assert.equal(device.answer.code, 3);
    assert.deepEqual(await bench.refusals.list(), []);
    bench.disk.room = Number.POSITIVE_INFINITY;
  });

  test('a peer that leaves while its credentials are looked at leaves no trace', async () => {
    await bench.addDevice('dev1');
    const device = bench.dial();
    await Promise.resolve();
    device.cut();
    await settled();
    assert.equal(device.answer.code, undefined);
    assert.equal(bench.hub.presence.connectedCount, 0);
    assert.deepEqual(await bench.stored('deviceConnectionStateEvents'), []);
  });
});
