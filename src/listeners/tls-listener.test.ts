import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { systemClock } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { systemRandom } from '#base/random.ts';
import type { Certificate } from '#pki/certificate.ts';
import { issueCertificate } from '#pki/issue.ts';
import { exportPrivateKeyPem, generateEcKey, generateRsaKey, type KeyPair } from '#pki/key.ts';
import { toPem } from '#pki/pem.ts';
import { listenerLimits } from './limits.ts';
import { MqttSessions } from './mqtt-sessions.ts';
import type { MqttSurface, Peer } from './surface.ts';
import { TlsListener } from './tls-listener.ts';
import type { ServerIdentity } from './tls-options.ts';

const platform = { clock: systemClock, random: systemRandom, log: silentLog };
/** CONNECT of client `c`, clean session, no user name. */
const connectPacket = Buffer.from('100d00044d5154540402003c000163', 'hex');

async function issue(
  profile: 'server-ca' | 'server' | 'device-self-signed',
  name: string,
  key: KeyPair,
  issuer?: { certificate: Certificate; privateKey: KeyPair['privateKey'] },
) {
  return issueCertificate({
    profile,
    subject: [['CN', name]],
    publicKey: key.publicKey,
    issuer: issuer ?? { selfSignedWith: key.privateKey },
    names: profile === 'server' ? ['localhost', '127.0.0.1'] : [],
    now: platform.clock.now(),
    random: platform.random,
  });
}

/** A CA of its own, and below it a certificate of each kind. */
async function makeIdentity(name: string): Promise<ServerIdentity> {
  const caKey = generateEcKey('P-384');
  const ca = await issue('server-ca', 'Test CA', caKey);
  const parts = await Promise.all(
    [await generateRsaKey(2048), generateEcKey('P-256')].map(async (key) => {
      const certificate = await issue('server', name, key, { certificate: ca, privateKey: caKey.privateKey });
      return { certificate: toPem('CERTIFICATE', certificate.der), key: exportPrivateKeyPem(key.privateKey) };
    }),
  );
  const [rsa, ec] = parts;
  assert.ok(rsa && ec);
  return { rsa, ec, ca: toPem('CERTIFICATE', ca.der) };
}

for (const since of ['its start', 'a change while it ran'] as const)
  describe(`the MQTT listener with its certificates since ${since}`, () => {
    let listener: TlsListener;
    let port = 0;
    let identity: ServerIdentity;
    let surface: MqttSurface;
    const peers: Peer[] = [];

    before(async () => {
      identity = await makeIdentity('localhost');
      surface = {
        open({ session, peer }) {
          peers.push(peer);
          queueMicrotask(() => session.accept(false));
          return { publish() {}, acknowledged() {}, subscribe() {}, unsubscribe() {}, ended() {} };
        },
      };
      const limits = { ...listenerLimits, connectionsPerAddressMax: 3 };
      listener = new TlsListener(
        {
          platform,
          address: '127.0.0.1',
          port: 0,
          identity: since === 'its start' ? identity : await makeIdentity('before'),
          limits,
        },
        new MqttSessions({ platform, limits, surfaces: { hub: surface, provisioning: surface } }),
      );
      port = await listener.start();
      if (since !== 'its start') listener.present(identity);
    });

    after(() => listener.stop());

    async function dial(options: ConnectionOptions = {}): Promise<TLSSocket> {
      const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca: identity.ca, ...options });
      await once(socket, 'secureConnect');
      return socket;
    }

    async function hangUp(socket: TLSSocket): Promise<void> {
      socket.end();
      socket.resume();
      if (!socket.closed) await once(socket, 'close');
    }

    test('hub 2: a TLS 1.3 client gets its CONNACK', async () => {
      const socket = await dial({ minVersion: 'TLSv1.3' });
      socket.write(connectPacket);
      const [connack] = await once(socket, 'data');
      assert.deepEqual([...connack], [0x20, 2, 0, 0]);
      await hangUp(socket);
    });

    test('hub 1: a client that speaks TLS 1.2 alone is served', async () => {
      const socket = await dial({ maxVersion: 'TLSv1.2' });
      assert.equal(socket.getProtocol(), 'TLSv1.2');
      await hangUp(socket);
    });

    test('hub 3: TLS 1.0 and 1.1 are refused', async () => {
      for (const version of ['TLSv1', 'TLSv1.1'] as const) {
        const socket = connect({
          host: '127.0.0.1',
          port,
          ca: identity.ca,
          minVersion: version,
          maxVersion: version,
          ciphers: 'ALL@SECLEVEL=0',
        });
        const [error] = await once(socket, 'error');
        assert.match(String(error), /protocol version|unsupported protocol|alert/i, version);
      }
    });

    test('a client that knows only RSA certificates gets one, and one that knows only ECDSA the other', async () => {
      for (const [kind, size] of [
        ['RSA', 2048],
        ['ECDSA', 256],
      ] as const) {
        const socket = await dial({ maxVersion: 'TLSv1.2', ciphers: `ECDHE-${kind}-AES128-GCM-SHA256` });
        assert.equal(socket.getPeerCertificate().bits, size, kind);
        await hangUp(socket);
      }
    });

    test('a self-signed client certificate and its whole chain arrive as evidence; nothing is decided', async () => {
      const rootKey = generateEcKey('P-256');
      const root = await issue('server-ca', 'Customer CA', rootKey);
      const leafKey = generateEcKey('P-256');
      const leaf = await issue('server', 'device', leafKey, { certificate: root, privateKey: rootKey.privateKey });
      const chain = [leaf, root].map((certificate) => toPem('CERTIFICATE', certificate.der)).join('');
      const socket = await dial({ cert: chain, key: exportPrivateKeyPem(leafKey.privateKey) });
      socket.write(connectPacket);
      await once(socket, 'data');
      assert.deepEqual(
        peers.at(-1)?.certificates.map((der) => der.equals(leaf.der) || der.equals(root.der)),
        [true, true],
      );
      assert.equal(peers.at(-1)?.serverName, 'localhost');
      await hangUp(socket);
    });

    test('hub 11: a session is never resumed, so a chain is never lost', async () => {
      const first = await dial({ maxVersion: 'TLSv1.2' });
      const session = first.getSession();
      await hangUp(first);
      const second = await dial({ maxVersion: 'TLSv1.2', ...(session && { session }) });
      assert.equal(second.isSessionReused(), false);
      await hangUp(second);
    });

    test('one address may hold so many connections and no more', async () => {
      const open = await Promise.all([dial(), dial(), dial()]);
      const refused = connect({ host: '127.0.0.1', port, ca: identity.ca, servername: 'localhost' });
      const [error] = await once(refused, 'error');
      assert.ok(error);
      await Promise.all(open.map(hangUp));
      const again = await dial();
      await hangUp(again);
    });

    test('random bytes instead of a handshake, and instead of a CONNECT, close that socket alone', async () => {
      const healthy = await dial();
      const noisy = await dial();
      noisy.write(Buffer.alloc(64, 0xff));
      noisy.resume();
      await once(noisy, 'close');
      healthy.write(connectPacket);
      const [connack] = await once(healthy, 'data');
      assert.equal(connack[3], 0);
      await hangUp(healthy);
    });
  });
