import { isDeviceId } from '#base/ids.ts';
import { accept, refuse, type TraceStep, type Verdict } from '#trust/verdict.ts';
import { parseMqttUserName } from '#wire/azure/user-name.ts';
import type { ConnectPacket } from '#wire/mqtt/packet.ts';
import { checkBrokerTopic } from './broker-topic.ts';

/**
 * Reads the CONNECT of a plain MQTT client: the client id is the device's; the user name is missing, the device id, or
 * what the device says at the hub's own door. Nothing of it is proven yet.
 */
export function readBrokerConnect(connect: ConnectPacket, hostName: string): Verdict<{ deviceId: string }> {
  const trace: TraceStep[] = [];
  const pass = (check: string): void => {
    trace.push({ check, passed: true });
  };
  const { clientId, userName = '', will } = connect;
  if (!isDeviceId(clientId)) {
    return refuse('client-id-mismatch', 'The client id must be the id of a device of the hub.', { trace, check: 'client id' });
  }
  pass('client id');
  if (userName !== '' && userName !== clientId) {
    const name = parseMqttUserName(userName);
    if (name?.kind !== 'hub' || name.deviceId !== clientId || name.moduleId !== undefined) {
      return refuse(
        'user-name-malformed',
        'The user name must be left out, be the client id, or {hub}/{client id}/?api-version=…',
        {
          trace,
          check: 'user name',
        },
      );
    }
    if (name.hostName.toLowerCase() !== hostName.toLowerCase()) {
      return refuse('host-refused', `The user name names the hub ${name.hostName}; the broker is ${hostName}’s.`, {
        trace,
        check: 'hub name',
        fix: `Use the host name ${hostName}, or the client id as user name.`,
      });
    }
  }
  pass('user name');
  const complaint = will && checkBrokerTopic(will.topic, clientId);
  if (complaint) return refuse('will-invalid', `The will cannot be sent: ${complaint}`, { trace, check: 'will' });
  return accept({ deviceId: clientId }, trace);
}
