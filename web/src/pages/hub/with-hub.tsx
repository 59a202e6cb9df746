import type { ReactNode } from 'react';
import { useSearchParams } from 'react-router';
import type { Hub } from '../../api/contract.ts';
import { useHubs } from '../../api/hubs.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { Loading } from '../../components/loading.tsx';
import { type Crumb, Page } from '../../components/page.tsx';
import { RouteButton } from '../../components/route-link.tsx';
import { paths } from '../../paths.ts';

type Props = { title: string; crumbs?: Crumb[]; children: (hub: Hub) => ReactNode };

/** A page of one hub: of the one that `?hub=` names, else of the first. */
export function WithHub({ title, crumbs = [], children }: Props) {
  const hubs = useHubs();
  const [search] = useSearchParams();
  const wanted = search.get('hub');
  if (hubs.isError && !hubs.data) {
    return (
      <Page title={title} crumbs={crumbs}>
        <ErrorMessage title="The hubs could not be loaded" error={hubs.error} onRetry={() => void hubs.refetch()} />
      </Page>
    );
  }
  if (!hubs.data) return <Loading />;
  const hub = wanted === null ? hubs.data[0] : hubs.data.find(({ name }) => name === wanted);
  if (hub) return children(hub);
  return (
    <Page title={title} crumbs={crumbs}>
      <EmptyState
        title={wanted === null ? 'There is no hub yet' : `There is no hub ${wanted}`}
        action={<RouteButton to={paths.hubDevices()}>Show the first hub</RouteButton>}
      >
        The link may be old, or the hub was deleted.
      </EmptyState>
    </Page>
  );
}
