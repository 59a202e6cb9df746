import { EmptyState } from '../../components/empty-state.tsx';
import { Page } from '../../components/page.tsx';
import { RouteButton } from '../../components/route-link.tsx';
import { paths } from '../../paths.ts';

export function NotFoundPage() {
  return (
    <Page title="Not found">
      <EmptyState title="There is no page at this address" action={<RouteButton to={paths.devices()}>Go to devices</RouteButton>}>
        The link may be old, or what it showed was deleted.
      </EmptyState>
    </Page>
  );
}
