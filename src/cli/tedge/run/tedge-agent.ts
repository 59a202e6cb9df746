import { agentName, buildAgent } from '#edge/agent/build-agent.ts';
import type { Command } from '../../kit/command.ts';
import { stayAwake } from '../stay-awake.ts';
import { openSettings } from '../tedge-command.ts';
import { attempt } from '../tedge-failure.ts';
import { backgroundOption, holdService } from './hold-service.ts';

export const runTedgeAgentCommand: Command = {
  options: [backgroundOption],
  examples: ['tedge run tedge-agent', 'tedge-agent', 'tedge-agent --log-level debug'],
  notes: [
    'Does what is asked on te/device/main///cmd/… of the local broker until SIGTERM or SIGINT: restart, log_upload, config_snapshot,',
    'config_update, software_list and software_update. `tedge run all` runs it as well.',
  ],
  async run(invocation) {
    const { terminal, platform } = invocation;
    const settings = await openSettings(invocation);
    const { log, ready, release } = await holdService(invocation, settings, agentName);
    const interrupted = Promise.withResolvers<void>();
    const cancels = [terminal.onInterrupt(() => interrupted.resolve()), stayAwake()];
    try {
      const agent = await attempt(`start ${agentName}`, () => buildAgent({ ...platform, log }, settings, { pid: process.pid }));
      await agent.start();
      await ready();
      await interrupted.promise;
      await agent.stop();
    } finally {
      for (const cancel of cancels) cancel();
      await release();
    }
  },
};
