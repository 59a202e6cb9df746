import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { askHttps } from '#test/support/https-client.ts';
import { dribble, ended, inLanes, Strangers, strangersAddress, write } from '#test/support/noise.ts';
import { clientFrame, handshake } from '#test/support/raw-web-socket.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';
import { openSteadyDevices, type SteadyDevice } from '#test/support/steady-device.ts';
import { readRunningLog } from '#test/support/stored-log.ts';
import { openTestDevice } from '#test/support/test-device.ts';

const isFullSize = process.env.HOMEPORT_FULL_SIZE === '1';
type Scale = { idle: number; halfHellos: number; mebibytes: number; slow: number };
const full: Scale = { idle: 2_000, halfHellos: 500, mebibytes: 20, slow: 100 };
const scale: Scale = isFullSize ? full : { idle: 200, halfHellos: 50, mebibytes: 1, slow: 5 };
const describeScale = ({ idle, halfHellos, mebibytes, slow }: Scale) =>
  `at each port ${idle} idle connections, ${halfHellos} half hellos, ${mebibytes} × 1 MiB of random bytes before TLS and inside, ${slow} of each slow beginning`;

const random = seededRandom('noise');
const mebibyte = 1024 * 1024;
const randomBytes = random.bytes(2 * mebibyte);
/** Another mebibyte each time. */
const someMebibyte = () => {
  const at = Math.floor(random.fraction() * mebibyte);
  return randomBytes.subarray(at, at + mebibyte);
};
/** Handshake record announcing 512 bytes of a ClientHello, of which the first arrive. */
const halfHello = Buffer.from('1603010200010001fc0303', 'hex');
/** A CONNECT that announces 60,000 bytes. */
const longConnect = Buffer.concat([Buffer.from('10e0d40300044d5154540482003c', 'hex'), Buffer.alloc(60_000, 0x61)]);
const upgradeRequest = handshake('/$iothub/websocket', [
  'Host: localhost',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Protocol: mqtt',
]);

/** One byte at a time. */
function* bytewise(bytes: Buffer | string): Generator<Buffer> {
  for (const byte of Buffer.from(bytes)) yield Buffer.of(byte);
}

/** A server with two devices that send all the time, one on MQTT's port and one over a WebSocket. */
class Ground {
  readonly home: RunningHomeport;
  readonly strangers: Strangers;
  readonly devices: readonly SteadyDevice[];
  #visitors = 0;

  private constructor(home: RunningHomeport, devices: readonly SteadyDevice[]) {
    this.home = home;
    this.devices = devices;
    this.strangers = new Strangers(home);
  }

  static async open(environment: Readonly<Record<string, string>>): Promise<Ground> {
    const home = await startHomeport([], environment);
    try {
      return new Ground(home, await openSteadyDevices(home));
    } catch (error) {
      await home.close();
      throw error;
    }
  }

  get mqttPort(): number {
    return this.home.status.hub.mqttPort;
  }

  get httpsPort(): number {
    return this.home.status.hub.httpsPort;
  }

  readonly peoplePort = 8443;

  get ports(): number[] {
    return [this.mqttPort, this.home.status.hub.amqpPort, this.httpsPort, this.peoplePort];
  }

  /**
   * Makes the noise while the devices send. Behind it each has another twenty messages acknowledged, all that were
   * acknowledged are in the log, a device that comes new is let in, the web ports answer, and the process is the one
   * that was started and has no fault to report. Returns what to say about it.
   */
  async through(what: string, noise: () => Promise<void>): Promise<string> {
    const before = this.devices.map(({ acknowledged }) => acknowledged);
    for (const device of this.devices) device.start();
    await noise();
    await Promise.all(this.devices.map((device) => device.more(20)));
    const visitor = await openTestDevice(this.home, `visitor-${this.#visitors++}`);
    assert.ok(await visitor.send(Buffer.from('{}')), `a device that came after ${what} has its message acknowledged`);
    visitor.disconnect();
    for (const [port, status] of [
      [this.httpsPort, 404],
      [this.peoplePort, 200],
    ] as const) {
      assert.equal((await askHttps(`https://${this.home.address}:${port}/`, this.home.ca)).status, status);
    }
    const memory = await readFile(`/proc/${this.home.status.pid}/status`, 'utf8');
    for (const device of this.devices) await device.stop();
    const stored = await readRunningLog(this.home);
    for (const device of this.devices) device.check(stored);
    assert.equal(JSON.parse(await this.home.ok('homeport', ['status', '--json'])).pid, this.home.status.pid);
    assert.doesNotMatch(this.home.log(), /"level":"error"/, what);
    const told = this.devices.map(
      ({ deviceId, acknowledged, worstMs }, index) =>
        `${deviceId} ${acknowledged - (before[index] ?? 0)} acknowledged and stored, longest wait ${Math.round(worstMs)} ms`,
    );
    return `${what}: ${told.join('; ')}; the server holds ${/VmRSS:\s+(\d+)/.exec(memory)?.[1]} kB`;
  }

  async close(): Promise<void> {
    this.strangers.close();
    for (const device of this.devices) device.close();
    await this.home.close();
  }
}

/**
 * Goal: whatever strangers send to a port, the devices that are connected notice nothing.
 * Method: noise of every kind at every port, all of it still open, while two well-behaved devices send.
 */
describe('noise at the ports', () => {
  let ground: Ground;
  let strangers: Strangers;
  before(async () => {
    // Nothing is cut off for its age here: what was opened is there until the end.
    const patient = ['HANDSHAKE', 'CONNECT', 'HTTP_HEADERS', 'HTTP_REQUEST'];
    ground = await Ground.open(Object.fromEntries(patient.map((name) => [`HOMEPORT_LISTENERS__${name}_MS_MAX`, '3600000'])));
    strangers = ground.strangers;
  });
  after(() => ground.close());

  test('half a TLS hello', async (t) => {
    t.diagnostic(`scale: ${describeScale(scale)}`);
    if (!isFullSize) t.diagnostic(`npm run prove -- noise: ${describeScale(full)}`);
    const said = await ground.through('half hellos', async () => {
      for (const port of ground.ports)
        await inLanes(scale.halfHellos, 20, async (index) => {
          const socket = await strangers.plain(port, { from: strangersAddress(index) });
          await write(socket, Buffer.concat([halfHello, random.bytes(index % 400)]));
        });
    });
    t.diagnostic(said);
  });

  test('random bytes before and inside TLS, and inside a WebSocket', async (t) => {
    const said = await ground.through('random bytes', async () => {
      for (const port of ground.ports) {
        for (let round = 0; round < scale.mebibytes; round++) {
          const from = strangersAddress(round);
          await write(await strangers.plain(port, { from }), someMebibyte());
          const socket = await strangers.secure(port, { from });
          await write(socket, someMebibyte());
          await ended(socket);
          if (port !== ground.httpsPort) continue;
          const webSocket = await strangers.secure(port, { from });
          await write(webSocket, upgradeRequest);
          await write(webSocket, someMebibyte());
        }
        for (let length = 1; length < 1_500; length += 200) await write(await strangers.plain(port), random.bytes(length));
      }
      const socket = await strangers.secure(ground.mqttPort);
      await write(socket, Buffer.from('f0ffffffff7f', 'hex'));
      await ended(socket);
    });
    t.diagnostic(said);
  });

  test(`${scale.idle} idle connections at each port`, async (t) => {
    const said = await ground.through(`${scale.idle} idle connections at each port`, async () => {
      const idle = await Promise.all(
        ground.ports.map(async (port) => {
          const sockets: { closed: boolean }[] = [];
          await inLanes(scale.idle, 10, async (index) => {
            const from = strangersAddress(index);
            const socket = index % 4 === 0 ? await strangers.plain(port, { from }) : await strangers.secure(port, { from });
            // Some of the devices' port go one step further, and say no more behind it.
            if (port === ground.httpsPort && index % 4 === 1) await write(socket, upgradeRequest);
            sockets.push(socket);
          });
          return sockets;
        }),
      );
      for (const sockets of idle) {
        assert.equal(sockets.length, scale.idle);
        assert.equal(sockets.filter(({ closed }) => closed).length, 0, 'all are open at once');
      }
    });
    t.diagnostic(said);
  });

  test('connections that are broken off at every stage', async (t) => {
    const said = await ground.through('broken connections', async () => {
      for (const port of ground.ports) {
        (await strangers.plain(port)).resetAndDestroy();
        (await strangers.secure(port)).destroy();
        const socket = await strangers.secure(port);
        await write(socket, Buffer.from('102a', 'hex'));
        socket.destroy();
        await ended(socket);
      }
    });
    t.diagnostic(said);
  });

  test('protocols at the wrong port', async (t) => {
    const connectPacket = Buffer.from('101000044d5154540402003c00046576696c', 'hex');
    const said = await ground.through('the wrong protocol', async () => {
      for (const port of [ground.httpsPort, ground.peoplePort]) {
        const socket = await strangers.secure(port);
        await write(socket, connectPacket);
        await ended(socket);
      }
      const http = await strangers.secure(ground.mqttPort);
      await write(http, `GET / HTTP/1.1\r\nhost: x\r\nuser-agent: a browser with a long name\r\naccept: */*\r\n\r\n`);
      await ended(http);
    });
    t.diagnostic(said);
  });

  test('packets that say they are larger than any may be, and headers without end', async (t) => {
    const said = await ground.through('large things', async () => {
      const mqtt = await strangers.secure(ground.mqttPort);
      await write(mqtt, Buffer.from('10ffffff7f', 'hex'));
      await ended(mqtt);
      for (const port of [ground.httpsPort, ground.peoplePort]) {
        const http = await strangers.secure(port);
        await write(http, `GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}`);
        await ended(http);
      }
    });
    t.diagnostic(said);
  });
});

/** Goal: the limits are settings, and who goes past one is cut off alone. Method: the same with small limits, to be seen at work. */
describe('the limits of the ports', () => {
  const perAddressMax = 120;
  const handshakesMax = 150;
  let ground: Ground;
  let strangers: Strangers;
  before(async () => {
    ground = await Ground.open({
      HOMEPORT_LISTENERS__HANDSHAKE_MS_MAX: '5000',
      HOMEPORT_LISTENERS__CONNECT_MS_MAX: '5000',
      HOMEPORT_LISTENERS__HTTP_HEADERS_MS_MAX: '5000',
      HOMEPORT_LISTENERS__HTTP_REQUEST_MS_MAX: '6000',
      HOMEPORT_LISTENERS__HTTP_ANSWER_MS_MAX: '2000',
      HOMEPORT_LISTENERS__CONNECTIONS_PER_ADDRESS_MAX: String(perAddressMax),
      HOMEPORT_LISTENERS__HANDSHAKES_MAX: String(handshakesMax),
    });
    strangers = ground.strangers;
  });
  after(() => ground.close());

  test('a hello, a CONNECT, a request head or a body that comes byte by byte is cut off when its time is over', async (t) => {
    const { mqttPort, httpsPort, peoplePort } = ground;
    const said = await ground.through('slow beginnings', async () => {
      const ends: Promise<void>[] = [];
      await inLanes(scale.slow, 5, async (index) => {
        const from = strangersAddress(index);
        for (const port of ground.ports) {
          const socket = await strangers.plain(port, { from });
          ends.push(dribble(socket, bytewise(Buffer.concat([halfHello, Buffer.alloc(500)]))));
        }
        for (const [port, pieces] of [
          [mqttPort, bytewise(longConnect)],
          [httpsPort, bytewise(`GET / HTTP/1.1\r\nx: ${'y'.repeat(10_000)}`)],
          [peoplePort, bytewise(`GET / HTTP/1.1\r\nx: ${'y'.repeat(10_000)}`)],
          [httpsPort, slowBody(`/0ne00000000/registrations/x/register?api-version=2019-03-31`)],
          [peoplePort, slowBody('/api/devices/x')],
          [httpsPort, slowWebSocket()],
        ] as const)
          ends.push(dribble(await strangers.secure(port, { from }), pieces));
      });
      await Promise.all(ends);
    });
    t.diagnostic(said);
  });

  function* slowBody(path: string): Generator<Buffer | string> {
    yield `PUT ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 50000\r\n\r\n`;
    yield* bytewise('{'.repeat(50_000));
  }

  function* slowWebSocket(): Generator<Buffer | string> {
    yield upgradeRequest;
    for (const byte of bytewise(longConnect)) yield clientFrame(byte);
  }

  test('one address gets its connections at each port and no more, another gets its own', async (t) => {
    const said = await ground.through('one address too many', async () => {
      for (const port of ground.ports) {
        // Bare connections: the time they get is above what it takes to open them all.
        await inLanes(perAddressMax, 10, async () => void (await strangers.plain(port, { from: '127.0.0.250' })));
        await assert.rejects(strangers.secure(port, { from: '127.0.0.250' }));
        await strangers.secure(port, { from: '127.0.0.251' });
      }
    });
    t.diagnostic(said);
  });

  test('of more handshakes than may be under way, those that have waited longest are cut off first', async (t) => {
    const over = 10;
    const said = await ground.through('handshakes too many', async () => {
      for (const port of ground.ports) {
        const sockets = [];
        for (let index = 0; index < handshakesMax + over; index++) {
          const socket = await strangers.plain(port, { from: strangersAddress(index) });
          await write(socket, halfHello);
          sockets.push(socket);
        }
        for (const socket of sockets.slice(0, over)) await ended(socket);
        await strangers.secure(port);
      }
    });
    t.diagnostic(said);
  });

  test('who does not read the answer is cut off', async (t) => {
    const [, script] =
      /src="(\/assets\/[^"]+\.js)"/.exec((await askHttps(`https://${ground.home.address}:8443/`, ground.home.ca)).text) ?? [];
    assert.ok(script, 'the page names its script');
    const said = await ground.through('unread answers', async () => {
      const socket = await strangers.secure(ground.peoplePort, { reads: false });
      // More than the buffers of both ends take in.
      await write(socket, `GET ${script} HTTP/1.1\r\nhost: ${ground.home.address}:8443\r\n\r\n`.repeat(100));
      // A paused client learns of the end when it writes.
      await dribble(socket, bytewise(`GET / HTTP/1.1\r\nx: ${'y'.repeat(10_000)}`));
    });
    t.diagnostic(said);
  });
});
