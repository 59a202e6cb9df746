import {
  Button,
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
import { DeleteRegular } from '@fluentui/react-icons/svg/delete';
import { useRef, useState } from 'react';
import type { Hub, HubDevice } from '../../api/contract.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { RouteLink } from '../../components/route-link.tsx';
import { RowSpacer } from '../../components/row-spacer.tsx';
import { ConnectionWord } from '../../components/state-word.tsx';
import { TableFrame } from '../../components/table-frame.tsx';
import { useIsNarrow } from '../../components/use-is-narrow.ts';
import { useRowWindow } from '../../components/use-row-window.ts';
import { paths } from '../../paths.ts';
import { DeleteHubDevice } from './delete-hub-device.tsx';
import { EnabledWord } from './enabled-word.tsx';
import { authenticationWords } from './hub-device-filter.ts';

const useStyles = makeStyles({
  table: { tableLayout: 'fixed', minWidth: '860px', '@media (max-width: 640px)': { minWidth: '100%' } },
  wide: { '@media (max-width: 640px)': { display: 'none' } },
  name: { fontWeight: tokens.fontWeightSemibold, '@media (max-width: 640px)': { width: '46%' } },
  oneLine: { display: 'block', overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  authentication: { width: '190px' },
  enabled: { width: '120px' },
  connection: { width: '150px', '@media (max-width: 640px)': { width: 'auto' } },
  created: { width: '170px' },
  act: { width: '52px' },
  unseen: { position: 'absolute', width: '1px', height: '1px', overflow: 'hidden', clipPath: 'inset(50%)' },
});

const rowHeight = 41;

export function HubDeviceTable({ hub, devices, mayWrite }: { hub: Hub; devices: readonly HubDevice[]; mayWrite: boolean }) {
  const styles = useStyles();
  const isNarrow = useIsNarrow();
  const frame = useRef<HTMLElement>(null);
  const view = useRowWindow(frame, devices.length, rowHeight);
  const [deleted, setDeleted] = useState<string>();
  if (devices.length === 0) {
    return (
      <TableFrame label="IoT devices">
        <EmptyState title="No device passes the filter">Clear the filter to see all devices.</EmptyState>
      </TableFrame>
    );
  }
  return (
    <>
      {deleted !== undefined && <DeleteHubDevice hub={hub.name} id={deleted} onClose={() => setDeleted(undefined)} />}
      <TableFrame label="IoT devices" frameRef={frame}>
        <Table className={styles.table} aria-label="IoT devices" aria-rowcount={devices.length + 1}>
          <TableHeader>
            <TableRow>
              <TableHeaderCell className={styles.name}>Device ID</TableHeaderCell>
              <TableHeaderCell className={mergeClasses(styles.authentication, styles.wide)}>Authentication type</TableHeaderCell>
              <TableHeaderCell className={mergeClasses(styles.enabled, styles.wide)}>Status</TableHeaderCell>
              <TableHeaderCell className={styles.connection}>Connection</TableHeaderCell>
              <TableHeaderCell className={mergeClasses(styles.created, styles.wide)}>Created</TableHeaderCell>
              {mayWrite && (
                <TableHeaderCell className={styles.act}>
                  <span className={styles.unseen}>Delete</span>
                </TableHeaderCell>
              )}
            </TableRow>
          </TableHeader>
          <TableBody>
            {view.before > 0 && <RowSpacer height={view.before} />}
            {devices.slice(view.start, view.end).map((device, offset) => (
              <TableRow key={device.id} aria-rowindex={view.start + offset + 2}>
                <TableCell className={styles.name}>
                  <span className={styles.oneLine} title={device.id}>
                    <RouteLink to={paths.hubDevice(device.id, { hub: hub.name })}>{device.id}</RouteLink>
                  </span>
                </TableCell>
                <TableCell className={mergeClasses(styles.authentication, styles.wide)}>
                  {authenticationWords[device.authentication]}
                </TableCell>
                <TableCell className={mergeClasses(styles.enabled, styles.wide)}>
                  <EnabledWord isEnabled={device.enabled} />
                </TableCell>
                <TableCell className={styles.connection}>
                  {isNarrow && !device.enabled ? (
                    <EnabledWord isEnabled={false} />
                  ) : (
                    <ConnectionWord isConnected={device.isConnected} />
                  )}
                </TableCell>
                <TableCell className={mergeClasses(styles.created, styles.wide)}>
                  <RelativeTime at={device.createdAt} />
                </TableCell>
                {mayWrite && (
                  <TableCell className={styles.act}>
                    <Button
                      appearance="subtle"
                      size="small"
                      icon={<DeleteRegular />}
                      aria-label={`Delete ${device.id}`}
                      title={`Delete ${device.id}`}
                      onClick={() => setDeleted(device.id)}
                    />
                  </TableCell>
                )}
              </TableRow>
            ))}
            {view.after > 0 && <RowSpacer height={view.after} />}
          </TableBody>
        </Table>
      </TableFrame>
    </>
  );
}
