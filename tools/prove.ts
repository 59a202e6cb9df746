/**
 * `npm run prove -- <name>`: the full-size run of a check that `npm test` runs small, in the same file and by the
 * same code, so that what is proven is what is tested. Prints figures. `npm run prove -- list` names them.
 */
import { run } from './run.ts';

type Proof = { readonly says: string; readonly files: readonly string[] };

export const proofs: Readonly<Record<string, Proof>> = {
  kill: {
    says: 'kill -9 in the middle of a load, 50 times: nothing acknowledged is lost, order per device is kept, charts are whole, each start takes less than 3 s',
    files: ['test/durability/kill.test.ts'],
  },
  'kill-commands': {
    says: 'kill -9 in messages to a device, methods and twins, 20 times: what was acknowledged is there, nothing that is done with comes again, versions of twins only rise',
    files: ['test/durability/cloud-to-device-kill.test.ts'],
  },
  fleet: {
    says: '5,000 devices with certificates, cut off at once by broken lines, a stop and a kill: all come back, nothing acknowledged is lost, each one’s presence is told truly; memory of an idle device',
    files: ['test/durability/fleet.test.ts'],
  },
  'edge-outage': {
    says: 'a device cut off from its hub for a day on a clock that is moved, under load, with kill -9 of its agent every five minutes: all that was acknowledged locally arrives, in order per source; above the limit of its disk the oldest go, counted exactly',
    files: ['test/durability/edge-outage.test.ts'],
  },
  mutations: {
    says: '200,000 mutated packets of MQTT and frames of AMQP at a running server: no fault, and the memory that it had',
    files: ['test/fuzz/mutations.test.ts'],
  },
  noise: {
    says: 'random bytes, half hellos, slow beginnings and 2,000 idle connections at each port: devices that send notice nothing, and the ports’ limits cut off the noise alone',
    files: ['test/server/noise.test.ts'],
  },
  revocation: {
    says: 'a list that names a certificate, a device disabled, an enrollment group disabled, 100 times each on MQTT, over WebSockets, at the broker door and on AMQP: how long until the socket is closed, median and worst',
    files: ['test/server/revocation.test.ts'],
  },
  'thirty-days': {
    says: '200 devices live through thirty days on a clock that is moved: those that drop are those that homeport rehearse named, on that day, for that reason',
    files: ['test/server/thirty-days.test.ts'],
  },
  pkits: {
    says: 'NIST’s 224 certification paths, judged by homeport pki verify, openssl verify, node’s X509Certificate and @peculiar/x509: one table',
    files: ['test/pkits/pkits.test.ts'],
  },
  chains: {
    says: '10,000 damaged certificate chains at the hub’s TLS port and in pki verify: the same verdict and reason, none over a second, no crash',
    files: ['test/server/chains.test.ts'],
  },
  queries: {
    says: '100,000 devices on both databases, 500 twins changed a second: a page by a tag, a count by status, one device, and counts that look at every device, each right; median and 95th percentile',
    files: ['test/server/queries.test.ts'],
  },
  jobs: {
    says: 'kill -9 in the middle of jobs over twins and methods and of a configuration, 20 times: no device is done twice, none is forgotten, and routes stay',
    files: ['test/durability/job-kill.test.ts'],
  },
  drain: {
    says: '@azure/event-hubs reads a million events from a backlog, each once and in order: events per server-CPU-second beside the target, and memory that does not grow with the backlog',
    files: ['test/server/drain.test.ts'],
  },
};

export function describeProofs(): string[] {
  return Object.entries(proofs).map(([name, { says }]) => `${name.padEnd(12)} ${says}`);
}

if (import.meta.main) {
  const [name = 'list', ...rest] = process.argv.slice(2);
  const proof = Object.hasOwn(proofs, name) ? proofs[name] : undefined;
  if (name === 'list' && rest.length === 0) for (const line of describeProofs()) console.log(line);
  else if (!proof || rest.length > 0) {
    console.error(`error: There is no proof ${[name, ...rest].join(' ')}.`);
    for (const line of describeProofs()) console.error(`  ${line}`);
    process.exitCode = 2;
  } else {
    process.exitCode = await run(process.execPath, ['tools/test.ts', ...proof.files], {
      environment: { HOMEPORT_FULL_SIZE: '1' },
    });
  }
}
