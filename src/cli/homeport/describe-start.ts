import type { ServerStatus } from '#server/status.ts';

/** In a clone the commands lie in bin/; what npm installed, it also put on the PATH. */
const azsphere = import.meta.filename.endsWith('.ts') ? 'bin/azsphere' : 'azsphere';

/** What `start` says: where it listens, how to sign in, the hub's name, what to trust, what to try. And no more. */
export function describeStart(status: ServerStatus, signInLink: string, notices: readonly string[]): string[] {
  const { address, hub, dps, ca, central } = status;
  const data = status.dataDirectory.includes(' ') ? `'${status.dataDirectory}'` : status.dataDirectory;
  return [
    ...notices,
    ...describeDevelopment(status.clock),
    ...(status.isInMemory
      ? [`In memory: ${status.dataDirectory} is on no disk. What is acknowledged does not survive this machine.`]
      : []),
    `Homeport ${status.version} listens on ${address}: MQTT ${hub.mqttPort}, AMQP ${hub.amqpPort}, devices and services ${hub.httpsPort}, people ${new URL(central.url).port || 443}`,
    `Sign in once within ten minutes: ${signInLink}`,
    `Hub host name: ${hub.hostName}   ID scope: ${dps.idScope}`,
    `Trust this CA: ${ca}   (browsers ask once; SDKs take the file)`,
    `Try next: HOMEPORT_DATA=${data} ${azsphere} login`,
  ];
}

/** Nobody should take such a server for one that keeps real time. */
function describeDevelopment(clock: ServerStatus['clock']): string[] {
  if (!clock) return [];
  const { aheadMs, now, warning } = clock;
  const moved = aheadMs === 0 ? 'It shows real time.' : `It shows ${now}.`;
  return [`Development: the clock of this data directory can be moved (homeport clock). ${moved}`, ...(warning ? [warning] : [])];
}
