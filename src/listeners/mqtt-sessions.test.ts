import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { describe, test } from 'node:test';
import { testPlatform } from '#test/support/test-platform.ts';
import { listenerLimits } from './limits.ts';
import { MqttSessions } from './mqtt-sessions.ts';
import type { MqttSurface } from './surface.ts';

/** CONNECT of client `c`, clean session, no user name. */
const connectPacket = Buffer.from('100d00044d5154540402003c000163', 'hex');
const peer = { remoteAddress: '192.0.2.7', remotePort: 1, serverName: undefined, tlsVersion: 'TLSv1.3', certificates: [] };

/** A peer that sends and reads, and never closes its half. */
function stubbornStream() {
  const sent: Buffer[] = [];
  const stream = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      sent.push(chunk);
      done();
    },
  });
  return { stream, sent: () => Buffer.concat(sent).toString('hex') };
}

describe('the MQTT connections of a listener', () => {
  const refusing: MqttSurface = {
    open({ session }) {
      queueMicrotask(() => session.refuse(5));
      return { publish() {}, acknowledged() {}, subscribe() {}, unsubscribe() {}, ended() {} };
    },
  };

  for (const [what, packet, answer] of [
    ['was refused', connectPacket, '20020005'],
    ['sent no CONNECT', Buffer.from('c000', 'hex'), ''],
  ] as const) {
    test(`a peer that ${what} and does not hang up is cut off`, async () => {
      const platform = testPlatform();
      const sessions = new MqttSessions({
        platform,
        limits: listenerLimits,
        surfaces: { hub: refusing, provisioning: refusing },
      });
      sessions.start();
      const { stream, sent } = stubbornStream();
      sessions.open(stream, { ...peer, trackingId: 't' });
      stream.push(packet);
      await once(stream, 'finish');
      assert.equal(sent(), answer);
      assert.equal(stream.destroyed, false, 'it has a moment to read why');
      const closed = once(stream, 'close');
      for (let turn = 0; turn < 2; turn++) platform.clock.advance(2_000);
      await closed;
      assert.equal(sessions.count, 0);
      sessions.stop();
    });
  }
});
