import {
  makeStyles,
  mergeClasses,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  tokens,
} from '@fluentui/react-components';
import { useRef } from 'react';
import type { DeviceRow } from '../../api/contract.ts';
import { CodeText } from '../../components/code-text.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { RouteLink } from '../../components/route-link.tsx';
import { RowSpacer } from '../../components/row-spacer.tsx';
import { ConnectionWord, DeviceStatusWord } from '../../components/state-word.tsx';
import { TableFrame } from '../../components/table-frame.tsx';
import { useRowWindow } from '../../components/use-row-window.ts';
import { paths } from '../../paths.ts';
import type { Sort, SortKey } from './device-filter.ts';

const useStyles = makeStyles({
  table: { tableLayout: 'fixed', minWidth: '980px', '@media (max-width: 640px)': { minWidth: '100%' } },
  wide: { '@media (max-width: 640px)': { display: 'none' } },
  name: { width: '20%', fontWeight: tokens.fontWeightSemibold, '@media (max-width: 640px)': { width: '47%' } },
  oneLine: { display: 'block', overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  id: { width: '17%' },
  status: { width: '176px', '@media (max-width: 640px)': { width: '53%' } },
  seen: { width: '172px' },
  connection: { width: '136px' },
});

const rowHeight = 41;

type Column = {
  key: SortKey;
  label: string;
  class: 'name' | 'id' | 'status' | 'connection' | 'seen' | undefined;
  isWide: boolean;
};
const columns: readonly Column[] = [
  { key: 'displayName', label: 'Device name', class: 'name', isWide: false },
  { key: 'id', label: 'Device ID', class: 'id', isWide: true },
  { key: 'status', label: 'Device status', class: 'status', isWide: false },
  { key: 'isConnected', label: 'Connection', class: 'connection', isWide: true },
  { key: 'lastSeenAt', label: 'Last seen', class: 'seen', isWide: true },
  { key: 'template', label: 'Device template', class: undefined, isWide: true },
];

export function DeviceTable({ rows, sort, onSort }: { rows: readonly DeviceRow[]; sort: Sort; onSort: (text: string) => void }) {
  const styles = useStyles();
  const frame = useRef<HTMLElement>(null);
  const view = useRowWindow(frame, rows.length, rowHeight);
  if (rows.length === 0) {
    return (
      <TableFrame label="Devices">
        <EmptyState title="No device passes the filter">Clear the filter to see all devices.</EmptyState>
      </TableFrame>
    );
  }
  return (
    <TableFrame label="Devices" frameRef={frame}>
      <Table className={styles.table} sortable aria-label="Devices" aria-rowcount={rows.length + 1}>
        <TableHeader>
          <TableRow>
            {columns.map((column) => (
              <TableHeaderCell
                key={column.key}
                className={mergeClasses(column.class && styles[column.class], column.isWide && styles.wide)}
                {...(sort.key === column.key ? { sortDirection: sort.isDescending ? 'descending' : 'ascending' } : {})}
                onClick={() => onSort(sort.key === column.key && !sort.isDescending ? `-${column.key}` : column.key)}
              >
                {column.label}
              </TableHeaderCell>
            ))}
          </TableRow>
        </TableHeader>
        <TableBody>
          {view.before > 0 && <RowSpacer height={view.before} />}
          {rows.slice(view.start, view.end).map((row, offset) => (
            <TableRow key={row.id} aria-rowindex={view.start + offset + 2}>
              <TableCell className={styles.name}>
                <RouteLink to={paths.device(row.id)} className={styles.oneLine}>
                  {row.displayName}
                </RouteLink>
              </TableCell>
              <TableCell className={mergeClasses(styles.id, styles.wide)}>
                <CodeText text={row.id} oneLine />
              </TableCell>
              <TableCell className={styles.status}>
                <DeviceStatusWord status={row.status} />
              </TableCell>
              <TableCell className={mergeClasses(styles.connection, styles.wide)}>
                <ConnectionWord isConnected={row.isConnected} />
              </TableCell>
              <TableCell className={mergeClasses(styles.seen, styles.wide)}>
                {row.lastSeenAt ? <RelativeTime at={row.lastSeenAt} /> : 'Never'}
              </TableCell>
              <TableCell className={styles.wide}>
                <span className={styles.oneLine} title={row.template?.id}>
                  {row.template?.displayName ?? 'Unassigned'}
                </span>
              </TableCell>
            </TableRow>
          ))}
          {view.after > 0 && <RowSpacer height={view.after} />}
        </TableBody>
      </Table>
    </TableFrame>
  );
}
