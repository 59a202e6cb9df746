import assert from 'node:assert/strict';
import { connect as connectPlain, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { seededRandom } from '#test/support/seeded-random.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';
import { openTestDevice, type TestDevice } from '#test/support/test-device.ts';

const random = seededRandom('noise');

/**
 * Goal: whatever strangers send to a port, the devices that are connected notice nothing.
 * Method: noise of every kind at every port, all of it still open, and after each kind a well-behaved
 * device has a message acknowledged and the process is the one that was started.
 */
describe('noise at the ports', () => {
  let home: RunningHomeport;
  let device: TestDevice;
  const sockets: Socket[] = [];
  let ports: number[];

  before(async () => {
    home = await startHomeport();
    ports = [home.status.hub.mqttPort, home.status.hub.httpsPort, 8443];
    device = await openTestDevice(home, 'undisturbed');
  });
  after(async () => {
    for (const socket of sockets) socket.destroy();
    await home.close();
  });

  async function undisturbed(what: string): Promise<void> {
    assert.ok(await device.send(Buffer.from(`{"after":${JSON.stringify(what)}}`)), `a message after ${what} is acknowledged`);
    assert.equal(JSON.parse(await home.ok('homeport', ['status', '--json'])).pid, home.status.pid);
    assert.equal(device.closed, undefined);
    assert.doesNotMatch(home.log(), /"level":"error"/, what);
  }

  /** A TCP connection that sends `bytes` and stays open; what the server does with it is its affair. */
  function shout(port: number, bytes: Buffer): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connectPlain(port, home.address, () => socket.write(bytes, () => resolve(socket)));
      socket.once('error', reject);
      socket.on('error', () => undefined);
      socket.resume();
      sockets.push(socket);
    });
  }

  function secure(port: number): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: home.address, port, ca: home.ca, servername: '' }, () => resolve(socket));
      socket.once('error', reject);
      socket.on('error', () => undefined);
      socket.resume();
      sockets.push(socket);
    });
  }

  const ended = (socket: Socket) =>
    new Promise<void>((resolve) => (socket.destroyed ? resolve() : socket.once('close', () => resolve())));

  test('half a TLS hello', async () => {
    // Handshake record announcing 512 bytes of a ClientHello, of which a few arrive.
    const hello = Buffer.from('1603010200010001fc0303', 'hex');
    for (const port of ports) for (let i = 0; i < 20; i++) await shout(port, Buffer.concat([hello, random.bytes(i)]));
    await undisturbed('half a hello');
  });

  test('random bytes before and inside TLS', async () => {
    for (const port of ports) {
      for (let i = 0; i < 10; i++) await shout(port, random.bytes(1 + i * 200));
      for (let i = 0; i < 5; i++) {
        const socket = await secure(port);
        socket.write(random.bytes(1 + i * 500));
      }
    }
    const socket = await secure(home.status.hub.mqttPort);
    socket.write(Buffer.from('f0ffffffff7f', 'hex'));
    await ended(socket);
    await undisturbed('random bytes');
  });

  test('connections that are broken off at every stage', async () => {
    for (const port of ports) {
      (await shout(port, Buffer.alloc(0))).resetAndDestroy();
      (await secure(port)).destroy();
      const socket = await secure(port);
      socket.write(Buffer.from('102a', 'hex'), () => socket.destroy());
      await ended(socket);
    }
    await undisturbed('broken connections');
  });

  test('CONNECT byte by byte, and headers line by line', async () => {
    const mqtt = await secure(home.status.hub.mqttPort);
    for (const byte of [0x10, 0xff, 0x7f, 0x00, 0x04, 0x4d, 0x51])
      await new Promise((resolve) => mqtt.write(Buffer.of(byte), resolve));
    for (const port of ports.slice(1)) {
      const http = await secure(port);
      for (let i = 0; i < 20; i++)
        await new Promise((resolve) => http.write(i === 0 ? 'GET / HTTP/1.1\r\n' : `x-${i}: y\r\n`, resolve));
    }
    await undisturbed('slow beginnings');
  });

  test('protocols at the wrong port', async () => {
    const connectPacket = Buffer.from('101000044d5154540402003c0004657669 6c'.replace(' ', ''), 'hex');
    for (const port of ports.slice(1)) {
      const socket = await secure(port);
      socket.write(connectPacket);
      await ended(socket);
    }
    const http = await secure(home.status.hub.mqttPort);
    http.write(`GET / HTTP/1.1\r\nhost: ${home.address}\r\nuser-agent: a browser with a long name\r\naccept: */*\r\n\r\n`);
    await ended(http);
    await undisturbed('the wrong protocol');
  });

  test('packets that say they are larger than any may be, and headers without end', async () => {
    const mqtt = await secure(home.status.hub.mqttPort);
    mqtt.write(Buffer.from('10ffffff7f', 'hex'));
    await ended(mqtt);
    for (const port of ports.slice(1)) {
      const http = await secure(port);
      http.write(`GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}`);
      await ended(http);
    }
    await undisturbed('large things');
  });
});
