import assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import { after, before, describe, type TestContext, test } from 'node:test';
import { AmqpTestClient } from '#test/support/amqp-client.ts';
import { opcodes, RawWebSocket } from '#test/support/raw-web-socket.ts';
import { amqpAnswer } from './amqp-line.ts';
import { type AmqpRow, amqpRows } from './amqp-rows.ts';
import { brokerRows } from './broker-rows.ts';
import { deviceHttpRows } from './device-http-rows.ts';
import { HostileGround, type Row, runRows } from './hostile-ground.ts';
import { type HttpRow, httpAnswer } from './http-row.ts';
import { MqttLine } from './mqtt-line.ts';
import { type MqttRow, mqttRows, packets } from './mqtt-rows.ts';
import { serviceHttpRows } from './service-http-rows.ts';
import { type FrameRow, frameRows, type HandshakeRow, handshakeRows } from './web-socket-rows.ts';

const brokerPort = 8884;

/**
 * Goal: whatever comes to a door is answered as it is written down, and nobody else notices.
 * Method: tables of what is malformed or hostile, a file for each door, each row with its answer and where that stands. A
 * device that was connected all along sends after every row, and the log is read at the end.
 */
describe('hostile input', () => {
  let ground: HostileGround;
  before(async () => {
    ground = await HostileGround.open({ HOMEPORT_BROKER__PORT: String(brokerPort) });
  });
  after(() => ground.close());

  /** One row behind the other; says how many there were. */
  async function rowsOf<R extends Row>(
    t: TestContext,
    door: string,
    rows: readonly R[],
    answerOf: (row: R, from: string) => Promise<unknown>,
    expected: (row: R) => unknown,
  ): Promise<void> {
    t.diagnostic(`${door}: ${await runRows(ground, rows, answerOf, expected)} rows`);
  }

  const overTls = async (port: number, { asDevice, from }: { asDevice: boolean; from: string }): Promise<Duplex> =>
    ground.dial(port, { from, asDevice });
  const inWebSocket = async (subProtocol: string, options: { asDevice: boolean; from: string }): Promise<Duplex> =>
    (await ground.upgrade(subProtocol, options)).stream();

  async function mqttAnswer({ isSignedIn, send, answer }: MqttRow, stream: Duplex): Promise<string[]> {
    const line = new MqttLine(stream);
    try {
      if (isSignedIn) {
        const userName = `${ground.facts.hostName}/odd/?api-version=2021-04-12`;
        const signIn = packets((writer) =>
          writer.connect({ clientId: 'odd', userName, keepAliveSeconds: 60, cleanSession: true }),
        );
        assert.deepEqual(await line.ask(signIn, 1), ['connack 0']);
      }
      return await line.ask(send(ground.facts), answer.length);
    } finally {
      line.close();
    }
  }

  test('over MQTT', async (t) => {
    const { mqttPort } = ground.home.status.hub;
    const open = (row: MqttRow, from: string) => overTls(mqttPort, { from, asDevice: row.isSignedIn });
    await rowsOf(t, 'MQTT', mqttRows, async (row, from) => mqttAnswer(row, await open(row, from)), answerOf);
  });

  test('over MQTT in a WebSocket', async (t) => {
    const open = (row: MqttRow, from: string) => inWebSocket('mqtt', { from, asDevice: row.isSignedIn });
    await rowsOf(t, 'MQTT in a WebSocket', mqttRows, async (row, from) => mqttAnswer(row, await open(row, from)), answerOf);
  });

  test('at the broker door', async (t) => {
    const open = (row: MqttRow, from: string) => overTls(brokerPort, { from, asDevice: row.isSignedIn });
    await rowsOf(t, 'broker', brokerRows, async (row, from) => mqttAnswer(row, await open(row, from)), answerOf);
  });

  for (const [door, rows] of [
    ['the devices’ HTTPS', deviceHttpRows],
    ['the service’s REST', serviceHttpRows],
  ] as const) {
    test(`at ${door}`, async (t) => {
      const { httpsPort } = ground.home.status.hub;
      const ask = async (row: HttpRow, from: string) => httpAnswer(row, ground.facts, await ground.dial(httpsPort, { from }));
      await rowsOf(t, door, rows, ask, ({ answer }) => answer);
    });
  }

  test('over AMQP', async (t) => {
    const { amqpPort } = ground.home.status.hub;
    const open = (row: AmqpRow, from: string) => overTls(amqpPort, { from, asDevice: row.as === 'device' });
    const ask = async (row: AmqpRow, from: string) => amqpAnswer(new AmqpTestClient(await open(row, from)), row, ground.facts);
    await rowsOf(t, 'AMQP', amqpRows, ask, answerOf);
  });

  test('over AMQP in a WebSocket', async (t) => {
    const open = (row: AmqpRow, from: string) => inWebSocket('AMQPWSB10', { from, asDevice: row.as === 'device' });
    const ask = async (row: AmqpRow, from: string) => amqpAnswer(new AmqpTestClient(await open(row, from)), row, ground.facts);
    await rowsOf(t, 'AMQP in a WebSocket', amqpRows, ask, answerOf);
  });

  test('in the handshake of a WebSocket, and in its frames', async (t) => {
    const { httpsPort } = ground.home.status.hub;
    const shake = async ({ request, asDevice = false }: HandshakeRow, from: string) => {
      const webSocket = new RawWebSocket(await ground.dial(httpsPort, { from, asDevice }));
      const head = await webSocket.ask(request);
      webSocket.socket.destroy();
      return Number(head.split(' ')[1]);
    };
    await rowsOf(t, 'handshakes of WebSockets', handshakeRows, shake, ({ status }) => status);
    for (const subProtocol of ['mqtt', 'AMQPWSB10']) {
      const send = async ({ bytes }: FrameRow, from: string) => {
        const webSocket = await ground.upgrade(subProtocol, { from });
        webSocket.write(bytes);
        const { opcode, payload } = await webSocket.next();
        webSocket.socket.destroy();
        return opcode === opcodes.close ? payload.readUInt16BE(0) : opcode;
      };
      await rowsOf(t, `frames of WebSockets, ${subProtocol}`, frameRows, send, ({ code }) => code);
    }
  });
});

function answerOf({ answer }: { readonly answer: readonly string[] }): readonly string[] {
  return answer;
}
