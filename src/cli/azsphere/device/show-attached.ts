import { chooseBoard, listAttachedBoards } from '../attached-boards.ts';
import { azsphereCommand } from '../azsphere-command.ts';
import { boardColumns, boardData, boardRows } from './board-view.ts';

/** Scripts take the first line, cut after `: ` and fold the case (sphere.md 4.6): it must be the device id's. */
export const deviceShowAttachedCommand = azsphereCommand({
  options: [{ name: 'device', short: 'd', value: 'ID|PATH', summary: 'Which one, when several are attached' }],
  examples: ['azsphere device show-attached', 'azsphere device show-attached --output json'],
  async run({ options, terminal, voice }) {
    const board = chooseBoard(await listAttachedBoards(terminal), options.text('device'));
    for (const [label, value] of boardRows(board)) voice.say(`${label}: ${value}`);
    voice.report({ rows: [board], columns: boardColumns, data: boardData(board) });
  },
});
