/** What it costs a device to get a message to its hub, and what it loses when it is killed: `tedge` and Mosquitto by turns. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRunningLog } from '#test/support/stored-log.ts';
import { type DeviceCertificate, type HomeportContender, startContender } from './contenders.ts';
import { type EdgeAgent, makeAgents } from './edge-agents.ts';
import { bodyOf, publishLocally } from './local-load.ts';
import type { BenchOptions } from './messages.ts';
import { quiet, readCpu, residentBytes } from './processes.ts';
import { median, type Row } from './row.ts';

/** What a bridge of 20 in flight keeps up with on a slow line: Mosquitto drops the newest above 1,000 that wait. */
const perSecond = 500;
const microseconds = 1e6;
const mebibyte = 1024 * 1024;

type Pair = { readonly hub: HomeportContender; readonly agents: readonly [EdgeAgent, EdgeAgent] };

async function withAgents<T>(device: DeviceCertificate, work: (pair: Pair) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'hp-edge-'));
  const hub = await startContender(device, { devices: 0 });
  try {
    const agents = await makeAgents(hub.home, folder);
    try {
      for (const agent of agents) await agent.start();
      return await work({ hub, agents });
    } finally {
      for (const agent of agents) await agent.end('SIGKILL');
    }
  } finally {
    await hub.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * CPU of the agent's process alone, from the first message until it rests, and its memory after that. Agent, hub and load are three
 * processes, so none is kept on a core.
 */
export function edgeRows(device: DeviceCertificate, { rounds, seconds }: BenchOptions): Promise<Row[]> {
  return withAgents(device, async ({ hub, agents }) => {
    const count = Math.ceil(2 * seconds * perSecond);
    const seen = { Homeport: [] as number[], Mosquitto: [] as number[] };
    for (let round = 0; round <= rounds; round++) {
      for (const agent of agents) {
        const name = `cpu-${round}`;
        const before = readCpu(agent.pid()).seconds;
        await publishLocally(agent, { name, count, perSecond });
        await arrival(hub, agent, bodyOf(name, count));
        await quiet(agent.pid());
        // The first warms up.
        if (round > 0) seen[agent.name].push((microseconds * (readCpu(agent.pid()).seconds - before)) / count);
      }
    }
    const [memory, peerMemory] = agents.map((agent) => residentBytes(agent.pid()) / mebibyte);
    const missing = await missingOf(
      hub,
      agents,
      Array.from({ length: rounds + 1 }, (_, round) => ({ name: `cpu-${round}`, count })),
    );
    const common = { peer: 'Mosquitto', bar: '' };
    const [own, peerFigure] = [median(seen.Homeport), median(seen.Mosquitto)];
    return [
      {
        ...common,
        shape: 'edge',
        what: `local broker, store and bridge over TLS, ${perSecond} messages a second from one program`,
        unit: 'µs a message',
        homeport: own,
        peerFigure,
        ratio: peerFigure / own,
        note: `tedge syncs a message before it acknowledges it, Mosquitto does not; of ${count * (rounds + 1)} each, ${missing[0]} and ${missing[1]} did not arrive`,
        rounds: { homeport: seen.Homeport, mosquitto: seen.Mosquitto },
      },
      {
        ...common,
        shape: 'edge-memory',
        what: 'memory of the process after that',
        unit: 'MiB',
        homeport: memory ?? Number.NaN,
        peerFigure: peerMemory,
        ratio: (peerMemory ?? Number.NaN) / (memory ?? Number.NaN),
        note: 'tedge is Node with broker, outbox, bridge, mapper and agent; beside Mosquitto mapper and agent would be a process more',
        rounds: { homeport: [memory ?? Number.NaN], mosquitto: [peerMemory ?? Number.NaN] },
      },
    ];
  });
}

const killed = 300;

/**
 * Three batches, each acknowledged to who published it: one that waited over an orderly restart, one that went through, and one that
 * waited when the agent was killed.
 */
export function edgeKillRow(device: DeviceCertificate): Promise<Row> {
  return withAgents(device, async ({ hub, agents }) => {
    const send = (name: string) => Promise.all(agents.map((agent) => publishLocally(agent, { name, count: killed, perSecond })));
    /** Everything before it has left when it is there: a bridge keeps the order. */
    const settle = async (name: string) => {
      for (const agent of agents) {
        await publishLocally(agent, { name, count: 1, perSecond });
        await arrival(hub, agent, bodyOf(name, 1));
      }
    };
    await settle('mark-0');
    await hub.home.stop();
    await send('waited');
    for (const agent of agents) await again(agent, 'SIGTERM');
    await hub.home.restart();
    await settle('mark-1');
    await send('through');
    await settle('mark-2');
    await hub.home.stop();
    await send('killed');
    for (const agent of agents) await again(agent, 'SIGKILL');
    await hub.home.restart();
    await settle('mark-3');
    const runs = ['waited', 'through', 'killed'].map((name) => ({ name, count: killed }));
    const [own = Number.NaN, peerFigure = Number.NaN] = await missingOf(hub, agents, runs);
    const [copies, peerCopies] = await copiesOf(hub, agents);
    return {
      shape: 'edge-kill',
      what: `of ${runs.length * killed} acknowledged messages, what a kill -9 while the hub was away lost`,
      unit: 'messages',
      homeport: own,
      peer: 'Mosquitto',
      peerFigure,
      bar: '0',
      isMet: own === 0,
      note: `${copies} and ${peerCopies} were sent again though the hub had them; Mosquitto saves every 30 minutes and when it is stopped, as Debian configures it`,
      rounds: { homeport: [own], mosquitto: [peerFigure] },
    };
  });
}

async function again(agent: EdgeAgent, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  await agent.end(signal);
  await agent.start();
}

/** On a busy machine a hub takes a minute to start alone. */
const arrivalMsMax = 300_000;

/** Resolves when the hub has this message of the agent. */
async function arrival(hub: HomeportContender, { deviceId, name }: EdgeAgent, body: string): Promise<void> {
  for (const end = performance.now() + arrivalMsMax; ; ) {
    if ((await bodiesOf(hub, deviceId)).includes(body)) return;
    if (performance.now() > end) throw new Error(`A message of ${name} did not arrive in ${arrivalMsMax / 1000} s.`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function bodiesOf({ home }: HomeportContender, deviceId: string): Promise<string[]> {
  const events = await readRunningLog(home);
  return events.filter((event) => event.deviceId === deviceId).map(({ body }) => body.toString());
}

/** How many of each agent's runs the hub does not have. */
async function missingOf(
  hub: HomeportContender,
  agents: Pair['agents'],
  runs: readonly { readonly name: string; readonly count: number }[],
): Promise<number[]> {
  const missing: number[] = [];
  for (const { deviceId } of agents) {
    const seen = new Set(await bodiesOf(hub, deviceId));
    const sent = runs.flatMap(({ name, count }) => Array.from({ length: count }, (_, index) => bodyOf(name, index + 1)));
    missing.push(sent.filter((body) => !seen.has(body)).length);
  }
  return missing;
}

/** How many messages of each agent the hub has beyond the first of their kind. */
async function copiesOf(hub: HomeportContender, agents: Pair['agents']): Promise<number[]> {
  const copies: number[] = [];
  for (const { deviceId } of agents) {
    // Health tells a process id, and is another each time.
    const bodies = (await bodiesOf(hub, deviceId)).filter((body) => body.startsWith('{"run"'));
    copies.push(bodies.length - new Set(bodies).size);
  }
  return copies;
}
