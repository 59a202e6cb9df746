import { Button, makeStyles, SearchBox, tokens } from '@fluentui/react-components';
import { FilterDismissRegular } from '@fluentui/react-icons/svg/filter-dismiss';
import { PhoneLaptopRegular } from '@fluentui/react-icons/svg/phone-laptop';
import { useSearchParams } from 'react-router';
import type { DeviceRow } from '../../api/contract.ts';
import { useDevices } from '../../api/devices.ts';
import { useMay } from '../../api/session.ts';
import { Choice, type ChoiceOption } from '../../components/choice.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { Loading } from '../../components/loading.tsx';
import { Page } from '../../components/page.tsx';
import { RouteButton } from '../../components/route-link.tsx';
import { writeFilter } from '../../components/write-filter.ts';
import { paths } from '../../paths.ts';
import { type DeviceFilter, filterDevices, isFiltered, readFilter, readSort, sortDevices, unassigned } from './device-filter.ts';
import { DeviceTable } from './device-table.tsx';
import { NewDevice } from './new-device.tsx';

const useStyles = makeStyles({
  filters: { display: 'flex', flexWrap: 'wrap', gap: '8px', alignItems: 'center' },
  search: { flex: '1 1 220px', maxWidth: '360px', '@media (max-width: 640px)': { maxWidth: 'none', flexBasis: '100%' } },
  count: { marginLeft: 'auto', color: tokens.colorNeutralForeground3, fontVariantNumeric: 'tabular-nums' },
});

const statuses: readonly DeviceRow['status'][] = ['Registered', 'Provisioned', 'Blocked', 'Waiting for approval'];

/** Every device, as it stands now. */
export function DeviceListPage() {
  const styles = useStyles();
  const devices = useDevices();
  const [search, setSearch] = useSearchParams();
  const mayWrite = useMay('devices.write');
  const filter = readFilter(search);
  const sort = readSort(search);
  const rows = devices.data ?? [];
  const shown = sortDevices(filterDevices(rows, filter), sort);
  const change = (next: Partial<DeviceFilter>) => setSearch(writeFilter(search, next), { replace: true });
  return (
    <Page title="Devices" actions={mayWrite && <NewDevice />}>
      {devices.isError && (
        <ErrorMessage title="The devices could not be loaded" error={devices.error} onRetry={() => void devices.refetch()} />
      )}
      {devices.isPending && <Loading rows={8} />}
      {devices.data && rows.length === 0 && <NoDevices />}
      {rows.length > 0 && (
        <>
          <search className={styles.filters}>
            <SearchBox
              className={styles.search}
              aria-label="Search in list"
              placeholder="Search in list"
              value={filter.search}
              onChange={(_event, data) => change({ search: data.value })}
            />
            <Choice
              label="Status"
              all="Any status"
              value={filter.status}
              options={statuses.map((status) => ({ id: status, label: status }))}
              onChange={(status) => change({ status })}
            />
            <Choice
              label="Template"
              all="All devices"
              value={filter.template}
              options={templateOptions(rows)}
              onChange={(template) => change({ template })}
            />
            <Choice
              label="Connection"
              all="Any connection"
              value={filter.connection}
              options={[
                { id: 'connected', label: 'Connected' },
                { id: 'disconnected', label: 'Disconnected' },
              ]}
              onChange={(connection) => change({ connection })}
            />
            {isFiltered(filter) && (
              <Button
                appearance="subtle"
                icon={<FilterDismissRegular />}
                onClick={() => change({ search: '', status: '', template: '', connection: '' })}
              >
                Clear filter
              </Button>
            )}
            <span className={styles.count} role="status">
              {shown.length === rows.length
                ? `${rows.length} ${rows.length === 1 ? 'device' : 'devices'}`
                : `${shown.length} of ${rows.length} devices`}
            </span>
          </search>
          <DeviceTable rows={shown} sort={sort} onSort={(text) => setSearch(writeSort(search, text), { replace: true })} />
        </>
      )}
    </Page>
  );
}

function writeSort(search: URLSearchParams, text: string): URLSearchParams {
  const result = new URLSearchParams(search);
  result.set('sort', text);
  return result;
}

function NoDevices() {
  return (
    <EmptyState
      icon={<PhoneLaptopRegular />}
      title="No device yet"
      command="homeport simulate --app d4"
      action={<RouteButton to={paths.groups()}>Open device connection groups</RouteButton>}
    >
      A device whose certificate comes from a verified CA appears here by itself the first time it connects. The command starts a
      simulated one.
    </EmptyState>
  );
}

/** One entry per template that a device has, each with its count. */
function templateOptions(rows: readonly DeviceRow[]): ChoiceOption[] {
  const counts = new Map<string, { name: string; count: number }>();
  for (const row of rows) {
    const id = row.template?.id ?? unassigned;
    const known = counts.get(id);
    counts.set(id, { name: row.template?.displayName ?? 'Unassigned', count: (known?.count ?? 0) + 1 });
  }
  return [...counts]
    .map(([id, { name, count }]) => ({ id, label: `${name} (${count})` }))
    .sort((a, b) => a.label.localeCompare(b.label));
}
