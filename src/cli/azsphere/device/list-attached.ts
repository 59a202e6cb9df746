import { listAttachedBoards } from '../attached-boards.ts';
import { azsphereCommand } from '../azsphere-command.ts';
import { boardColumns, boardData, boardRows } from './board-view.ts';

export const deviceListAttachedCommand = azsphereCommand({
  options: [],
  examples: ['azsphere device list-attached', 'azsphere device list-attached --output json'],
  async run({ terminal, voice }) {
    const boards = await listAttachedBoards(terminal);
    voice.say(`${boards.length} ${boards.length === 1 ? 'device' : 'devices'} attached${boards.length === 0 ? '.' : ':'}`);
    for (const [label, value] of boards.flatMap(boardRows)) voice.detail(label, value);
    voice.report({ rows: boards, columns: boardColumns, data: boards.map(boardData) });
  },
});
