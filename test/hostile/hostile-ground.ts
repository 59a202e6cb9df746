import assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import { connect, type TLSSocket } from 'node:tls';
import { exportPrivateKeyPem } from '#pki/key.ts';
import { eventually } from '#test/support/eventually.ts';
import { handshake, RawWebSocket } from '#test/support/raw-web-socket.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';
import { createKeyDevice, createTestDevice, openTestDevice, type TestDevice } from '#test/support/test-device.ts';
import { parseConnectionString } from '#wire/azure/connection-string.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';

/** What every row says of itself. */
export type Row = {
  readonly what: string;
  /** Where the answer is written down: a clause of a standard, or of a reference. */
  readonly clause: string;
  /** Under which the refusal is kept for the operator; without one nothing is kept, for nobody was there to speak of. */
  readonly reason?: string;
};

export type TokenParts = {
  readonly resource?: string;
  readonly key?: Buffer;
  readonly keyName?: string;
  readonly expirySeconds?: number;
};

/** What rows are made of that is known only when the server runs. */
export type Facts = {
  readonly hostName: string;
  /** A token of the device `keyed` that is good, but for what is said. */
  token(parts?: TokenParts): string;
  /** A token of the access policy, good for everything that it may. */
  policyToken(policy: string, parts?: TokenParts): string;
};

/** Stands in what is sent where a payload or a secret would: the log must never hold it. */
export const secretMarker = 'no-log-may-hold-this';

export const deviceKey = Buffer.alloc(32, 5);

/** What the log may say while strangers are at the ports: who came and went, and who was refused. All of it is `info`. */
const eventsAllowed: ReadonlySet<string> = new Set([
  'hub.refused',
  'device.connected',
  'device.disconnected',
  'device.created',
  'broker.connected',
  'broker.disconnected',
]);

type LogLine = { readonly level: string; readonly event: string; readonly peer?: string; readonly reason?: string };

/** A server with a device that sends all along, and what rows are sent with: `odd` by certificate, `keyed` by key, `steady` nobody may touch. */
export class HostileGround {
  readonly home: RunningHomeport;
  readonly facts: Facts;
  readonly #identity: { cert: string; key: string };
  readonly #steady: TestDevice;
  readonly #sockets = new Set<Duplex>();
  readonly #expected = new Map<string, string>();
  readonly #pid: number;
  readonly #logFrom: number;
  #peers = 0;

  private constructor(home: RunningHomeport, facts: Facts, identity: { cert: string; key: string }, steady: TestDevice) {
    this.home = home;
    this.facts = facts;
    this.#identity = identity;
    this.#steady = steady;
    this.#pid = home.status.pid;
    this.#logFrom = home.log().length;
  }

  static async open(environment: Readonly<Record<string, string>> = {}): Promise<HostileGround> {
    const home = await startHomeport([], environment);
    try {
      const odd = await createTestDevice(home, 'odd');
      await createKeyDevice(home, 'keyed', deviceKey);
      const steady = await openTestDevice(home, 'steady');
      const identity = { cert: odd.pem, key: exportPrivateKeyPem(odd.privateKey) };
      return new HostileGround(home, await factsOf(home), identity, steady);
    } catch (error) {
      await home.close();
      throw error;
    }
  }

  /** An address of its own for each row, so that its refusal is a line of its own. */
  nextPeer({ reason }: Row): string {
    const number = this.#peers++;
    const peer = `127.9.${number >> 8}.${number & 255}`;
    if (reason !== undefined) this.#expected.set(peer, reason);
    return peer;
  }

  dial(port: number, { from, asDevice = false }: { from: string; asDevice?: boolean }): Promise<TLSSocket> {
    const { address: host, ca } = this.home;
    const target = { host, port, ca, servername: '', localAddress: from, ...(asDevice ? this.#identity : {}) };
    const socket = connect(target);
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('secureConnect', () => {
        socket.off('error', reject);
        // How a connection ends is told by what came before.
        socket.on('error', () => {});
        resolve(socket);
      });
    });
  }

  /** The same behind the handshake of a WebSocket, for bytes of its own. */
  async upgrade(subProtocol: string, options: { from: string; asDevice?: boolean }): Promise<RawWebSocket> {
    const socket = await this.dial(this.home.status.hub.httpsPort, options);
    const webSocket = new RawWebSocket(socket);
    const head = await webSocket.ask(handshake('/$iothub/websocket', upgradeLines(subProtocol)));
    assert.match(head, /^HTTP\/1.1 101 /);
    return webSocket;
  }

  /** The process lives, the steady device's next message is acknowledged, and a refusal that was to be kept was said. */
  async untouched(row: Row, peer: string): Promise<void> {
    assert.ok(await this.#steady.send(Buffer.from('{}')), `the steady device ended: ${this.#steady.closed}`);
    if (row.reason === undefined) return;
    await eventually(() => (this.#lines().some((line) => line.peer === peer && line.reason === row.reason) ? true : undefined));
  }

  /** Nothing stands in the log that should not: no fault, no secret, no payload, and a refusal for no row that has none. */
  checkLog(): void {
    const text = this.home.log().slice(this.#logFrom);
    for (const secret of [secretMarker, deviceKey.toString('base64'), 'sig='])
      assert.ok(!text.includes(secret), `the log holds ${secret}`);
    const lines = this.#lines();
    const odd = lines.filter(({ level, event }) => level !== 'info' || !eventsAllowed.has(event));
    assert.deepEqual(odd, []);
    for (const { event, peer = '', reason } of lines) {
      if (event === 'hub.refused') assert.equal(reason, this.#expected.get(peer), `what was kept of ${peer}`);
    }
    assert.equal(this.home.status.pid, this.#pid);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#steady.disconnect();
    await this.home.close();
  }

  #lines(): LogLine[] {
    const text = this.home.log().slice(this.#logFrom);
    // The last line may be under way.
    return text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as LogLine);
  }
}

const answerMsMax = 15_000;

/** Rejects with what came when neither an answer nor the end does. */
export async function inTime(answered: Promise<unknown>, soFar: () => readonly string[]): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`Neither an answer nor the end: ${soFar().join(', ')}`)), answerMsMax);
  await Promise.race([answered, late.promise]).finally(() => clearTimeout(timer));
}

export function upgradeLines(subProtocol: string): string[] {
  return [
    'Host: localhost',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Protocol: ${subProtocol}`,
  ];
}

async function factsOf(home: RunningHomeport): Promise<Facts> {
  const { hub } = JSON.parse(await home.ok('homeport', ['status', '--json', '--secrets'])) as typeof home.status;
  const { hostName } = hub;
  const inAnHour = (): number => Math.ceil(Date.now() / 1000) + 3_600;
  const keys = new Map(
    Object.entries(hub.connectionStrings ?? {}).map(
      ([policy, text]) => [policy, Buffer.from(parseConnectionString(text).sharedAccessKey?.reveal() ?? '', 'base64')] as const,
    ),
  );
  return {
    hostName,
    token: (parts = {}) =>
      formatSasToken({ resource: `${hostName}/devices/keyed`, key: deviceKey, expirySeconds: inAnHour(), ...parts }),
    policyToken(policy, parts = {}) {
      const key = keys.get(policy) ?? assert.fail(`there is no policy ${policy}`);
      return formatSasToken({ resource: hostName, key, keyName: policy, expirySeconds: inAnHour(), ...parts });
    },
  };
}

/**
 * Runs the rows of one door, one after the other, and after each sees that nothing else was touched. Fails with all rows
 * whose answer was another, and gives back how many ran.
 */
export async function runRows<R extends Row>(
  ground: HostileGround,
  rows: readonly R[],
  answerOf: (row: R, peer: string) => Promise<unknown>,
  expected: (row: R) => unknown,
): Promise<number> {
  const wrong: unknown[] = [];
  for (const row of rows) {
    const peer = ground.nextPeer(row);
    try {
      const answer = await answerOf(row, peer);
      await ground.untouched(row, peer);
      assert.deepEqual(answer, expected(row));
    } catch (error) {
      wrong.push({ what: row.what, clause: row.clause, error: String(error) });
    }
  }
  assert.deepEqual(wrong, []);
  ground.checkLog();
  return rows.length;
}
