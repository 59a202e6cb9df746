import type { Column } from '#cli/kit/render-table.ts';
import type { AttachedBoard } from '../attached-boards.ts';

export const boardColumns: readonly Column<AttachedBoard>[] = [
  { heading: 'Device ID', read: (board) => board.deviceId },
  { heading: 'Security state', read: (board) => board.securityState },
  { heading: 'Connection path', read: (board) => board.connectionPath },
];

export function boardData(board: AttachedBoard) {
  return {
    deviceId: board.deviceId,
    isResponsive: true,
    // A simulated board is reached over a local socket and has no network address.
    ipAddress: null,
    connectionPath: board.connectionPath,
    securityState: board.securityState,
  };
}

/** The rows that the first generation prints; it prints ids in upper case, and scripts fold them (sphere.md 4.6). */
export function boardRows(board: AttachedBoard): readonly (readonly [label: string, value: string])[] {
  return [
    ['Device ID', board.deviceId.toUpperCase()],
    ['Is responsive', 'yes'],
    ['IP address', 'none'],
    ['Connection path', board.connectionPath],
  ];
}
