import { Button, makeStyles, SearchBox, tokens } from '@fluentui/react-components';
import { AddRegular } from '@fluentui/react-icons/svg/add';
import { ArrowSyncRegular } from '@fluentui/react-icons/svg/arrow-sync';
import { FilterDismissRegular } from '@fluentui/react-icons/svg/filter-dismiss';
import { IotRegular } from '@fluentui/react-icons/svg/iot';
import { TableSearchRegular } from '@fluentui/react-icons/svg/table-search';
import { useSearchParams } from 'react-router';
import type { Hub } from '../../api/contract.ts';
import { useHubDevices } from '../../api/hub-devices.ts';
import { useMay } from '../../api/session.ts';
import { Choice } from '../../components/choice.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { Loading } from '../../components/loading.tsx';
import { Page } from '../../components/page.tsx';
import { RouteButton, RouteLink } from '../../components/route-link.tsx';
import { writeFilter } from '../../components/write-filter.ts';
import { paths } from '../../paths.ts';
import {
  authenticationWords,
  filterHubDevices,
  type HubDeviceFilter,
  readHubDeviceFilter,
  stateWords,
} from './hub-device-filter.ts';
import { HubDeviceTable } from './hub-device-table.tsx';
import { HubStrip } from './hub-strip.tsx';
import { WithHub } from './with-hub.tsx';

const useStyles = makeStyles({
  filters: { display: 'flex', flexWrap: 'wrap', gap: '8px', alignItems: 'center' },
  search: { flex: '1 1 220px', maxWidth: '360px', '@media (max-width: 640px)': { maxWidth: 'none', flexBasis: '100%' } },
  count: { marginLeft: 'auto', color: tokens.colorNeutralForeground3, fontVariantNumeric: 'tabular-nums' },
  more: { display: 'flex', justifyContent: 'center' },
});

const optionsOf = (words: Readonly<Record<string, string>>) => Object.entries(words).map(([id, label]) => ({ id, label }));

/** The hub's own devices, which connect to it without provisioning: *Explorers › IoT devices* of the cloud's portal. */
export function HubDeviceListPage() {
  return <WithHub title="IoT devices">{(hub) => <HubDeviceList key={hub.name} hub={hub} />}</WithHub>;
}

function HubDeviceList({ hub }: { hub: Hub }) {
  const styles = useStyles();
  const devices = useHubDevices(hub.name);
  const mayWrite = useMay('hub-devices.write');
  const mayRefusals = useMay('refusals.read');
  const loaded = devices.data?.pages.flatMap((page) => page.value) ?? [];
  return (
    <Page
      title="IoT devices"
      crumbs={[{ label: 'IoT hubs', to: paths.hubs() }]}
      actions={
        <>
          <Button icon={<ArrowSyncRegular />} onClick={() => void devices.refetch()}>
            Refresh
          </Button>
          <RouteButton icon={<TableSearchRegular />} to={paths.hubQueries({ hub: hub.name })}>
            Query
          </RouteButton>
          {mayWrite && (
            <RouteButton appearance="primary" icon={<AddRegular />} aria-label="+ New" to={paths.newHubDevice({ hub: hub.name })}>
              New
            </RouteButton>
          )}
        </>
      }
    >
      <HubStrip
        hub={hub}
        {...(mayRefusals && {
          more: [{ name: 'Refused', value: <RouteLink to={paths.refusals({ hub: hub.name })}>See who, and why</RouteLink> }],
        })}
      />
      {devices.isError && (
        <ErrorMessage title="The devices could not be loaded" error={devices.error} onRetry={() => void devices.refetch()} />
      )}
      {devices.isPending && <Loading rows={8} />}
      {devices.data && loaded.length === 0 && <NoDevices hub={hub} mayWrite={mayWrite} />}
      {loaded.length > 0 && <FilteredDevices hub={hub} devices={devices} mayWrite={mayWrite} />}
      {devices.hasNextPage && (
        <div className={styles.more}>
          <Button disabled={devices.isFetchingNextPage} onClick={() => void devices.fetchNextPage()}>
            Load more devices
          </Button>
        </div>
      )}
    </Page>
  );
}

type FilteredProps = { hub: Hub; devices: ReturnType<typeof useHubDevices>; mayWrite: boolean };

function FilteredDevices({ hub, devices, mayWrite }: FilteredProps) {
  const styles = useStyles();
  const [search, setSearch] = useSearchParams();
  const filter = readHubDeviceFilter(search);
  const loaded = devices.data?.pages.flatMap((page) => page.value) ?? [];
  const shown = filterHubDevices(loaded, filter);
  const change = (next: Partial<HubDeviceFilter>) => setSearch(writeFilter(search, next), { replace: true });
  const isFiltered = Object.values(filter).some((value) => value !== '');
  return (
    <>
      <search className={styles.filters}>
        <SearchBox
          className={styles.search}
          aria-label="Search in list"
          placeholder="Device ID or thumbprint"
          value={filter.search}
          onChange={(_event, data) => change({ search: data.value })}
        />
        <Choice
          label="Authentication type"
          all="Any type"
          value={filter.authentication}
          options={optionsOf(authenticationWords)}
          onChange={(authentication) => change({ authentication })}
        />
        <Choice
          label="State"
          all="Any state"
          value={filter.state}
          options={optionsOf(stateWords)}
          onChange={(state) => change({ state })}
        />
        {isFiltered && (
          <Button
            appearance="subtle"
            icon={<FilterDismissRegular />}
            onClick={() => change({ search: '', authentication: '', state: '' })}
          >
            Clear filter
          </Button>
        )}
        <span className={styles.count} role="status">
          {countWords(shown.length, loaded.length, devices.hasNextPage)}
        </span>
      </search>
      <HubDeviceTable hub={hub} devices={shown} mayWrite={mayWrite} />
    </>
  );
}

function countWords(shown: number, loaded: number, hasMore: boolean): string {
  const all = hasMore ? `the first ${loaded} devices` : `${loaded} ${loaded === 1 ? 'device' : 'devices'}`;
  return shown === loaded ? all : `${shown} of ${all}`;
}

function NoDevices({ hub, mayWrite }: { hub: Hub; mayWrite: boolean }) {
  return (
    <EmptyState
      icon={<IotRegular />}
      title="No device yet"
      command="homeport hub device create --device-id my-device --auth-method shared_private_key"
      {...(mayWrite ? { action: <RouteButton to={paths.newHubDevice({ hub: hub.name })}>Create a device</RouteButton> } : {})}
    >
      A device of a hub connects by its key or its certificate, without provisioning. Devices that come through a connection group
      are listed here too.
    </EmptyState>
  );
}
