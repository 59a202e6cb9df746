import { agentName, buildAgent } from '#edge/agent/build-agent.ts';
import type { Command } from '../../kit/command.ts';
import { openSettings, profileOption } from '../tedge-command.ts';
import { attempt } from '../tedge-failure.ts';
import { backgroundOption } from './hold-service.ts';
import { runService } from './run-service.ts';

export const runTedgeAgentCommand: Command = {
  options: [backgroundOption, profileOption],
  examples: ['tedge run tedge-agent', 'tedge-agent', 'tedge-agent --log-level debug'],
  notes: [
    'Does what is asked on te/device/main///cmd/… of the local broker until SIGTERM or SIGINT: restart, log_upload, config_snapshot,',
    'config_update, software_list and software_update. `tedge run all` runs it as well.',
  ],
  async run(invocation) {
    const settings = await openSettings(invocation);
    await runService(invocation, settings, agentName, async (platform) => {
      const agent = await attempt(`start ${agentName}`, () => buildAgent(platform, settings, { pid: process.pid }));
      await agent.start();
      return agent;
    });
  },
};
